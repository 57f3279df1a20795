// What the node answered, written down as it came: a test that kills services compares it with what
// the node has afterwards.
#ifndef QUARTERMASTER_CLIENTS_FLEET_JOURNAL_H_
#define QUARTERMASTER_CLIENTS_FLEET_JOURNAL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quartermaster/ingest/v1/ingest.pb.h"

namespace quartermaster::fleet {

// One JSON object a line:
//   {"outcome":"accepted","product_id":…,"serial_number":…,"entitlement_tag":…,"report_id":…,
//    "name":…,"received_at":…}
// Each Flush() hands whole lines to the system, so that the journal outlives this process's death.
// Not thread-safe.
class Journal {
 public:
  // Appends to `path`; with an empty path writes nothing.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void Write(const ingest::v1::ReportResult& result);
  absl::Status Flush();

 private:
  Journal(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  const int file_;
  std::string lines_;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_JOURNAL_H_
