// Cuts a stream of bytes into reports, whatever the form of the file: a bare <RUMReport>, a
// <smartLicense> with many reports and system infos, or JSON (one {"payload","signature"} object,
// {"usage":[…]}, or one object per line). Constant memory: holds at most one report.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_READER_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace quartermaster::ingest {

// One thing found in a document.
struct DocumentItem {
  enum class Kind { kReport, kSystemInfo, kUnreadableReport };
  Kind kind;
  // Text of the report (for ReportParser), or of smartLicenseSystemInfo's <data>. Valid in the callback.
  std::string_view text;
  int64_t offset;
  // Why a kUnreadableReport cannot be read although the document goes on (for example too large).
  absl::Status status;
};

class DocumentReader {
 public:
  DocumentReader();
  ~DocumentReader();

  // Feeds the next bytes; calls `on_item` for each thing that is complete. An error (DOCTYPE, not
  // well-formed, nested deeper than 32, not a usage document) refuses the rest of the document for
  // good and says the offset of the first bad byte; what was called back before stays.
  absl::Status Feed(std::string_view bytes, absl::FunctionRef<void(const DocumentItem&)> on_item);
  // At the end of the document: error when it is truncated, empty, or held no report.
  absl::Status Finish(absl::FunctionRef<void(const DocumentItem&)> on_item);

  // So many bytes complete at most `items` reports, whatever they hold.
  size_t BytesOf(size_t items) const;

  // Offset of the first byte that was refused, after an error.
  int64_t error_offset() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_READER_H_
