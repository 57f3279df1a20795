// What DocumentReader does once it knows the form of a document. One implementation per form.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_CUTTER_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_CUTTER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "services/ingest/domain/document_reader.h"

namespace quartermaster::ingest {

using ItemSink = absl::FunctionRef<void(const DocumentItem&)>;

// Not thread-safe. After an error nothing more is fed.
class DocumentCutter {
 public:
  virtual ~DocumentCutter() = default;
  virtual absl::Status Feed(std::string_view bytes, ItemSink on_item) = 0;
  // At the end of the document: an error when it is not complete. Gives what was held back.
  virtual absl::Status Finish(ItemSink on_item) = 0;
  // Offset in the document of the first byte that was refused, after an error.
  virtual int64_t error_offset() const = 0;
  // No report of this form, readable or not, is shorter.
  virtual size_t shortest_report_bytes() const = 0;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_DOCUMENT_CUTTER_H_
