// A report as it was found in a document, before it is read.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_FOUND_REPORT_H_
#define QUARTERMASTER_SERVICES_INGEST_API_FOUND_REPORT_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::ingest {

struct FoundReport {
  std::string_view text;
  // Where it starts in the document or file, in bytes.
  int64_t offset = 0;
  // Not OK: it cannot even be taken as text (for example too large).
  absl::Status status;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_FOUND_REPORT_H_
