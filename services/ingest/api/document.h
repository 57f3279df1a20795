// A document, or a piece of a file, cut into the reports and system infos that it holds.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_DOCUMENT_H_
#define QUARTERMASTER_SERVICES_INGEST_API_DOCUMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/ingest/api/found_report.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

// Owns the texts of what was found. Not thread-safe.
class FoundReports {
 public:
  void Add(const DocumentItem& item);
  // The texts live as long as this object is not changed.
  std::vector<FoundReport> Reports() const;

  size_t count() const { return places_.size(); }
  size_t bytes() const { return texts_.size(); }
  // Offset of the first byte behind the last report.
  int64_t end_offset() const { return end_offset_; }

 private:
  struct Place {
    size_t begin;
    size_t size;
    int64_t offset;
    absl::Status status;
  };
  std::string texts_;
  std::vector<Place> places_;
  int64_t end_offset_ = 0;
};

// A whole document. What could be read before it broke off, or before its limit of
// kReportsPerDocumentMax, stays.
struct CutDocument {
  FoundReports reports;
  std::vector<PendingSystemInfo> system_infos;
  // Why the rest was refused, and where.
  absl::Status status;
  int64_t error_offset = 0;
};
CutDocument CutWholeDocument(std::string_view document);

// Adds the info of a kSystemInfo item; false: it names no sender and is dropped, because nobody could
// be found by it.
bool AddSystemInfo(const DocumentItem& item, std::vector<PendingSystemInfo>& infos);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_DOCUMENT_H_
