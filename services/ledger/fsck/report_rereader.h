// Reads a stored report body again, for fsck only: written apart from ingest's parser so that a
// mistake there cannot hide here. Slow and plain on purpose.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::ledger::fsck {

struct RereadMeasurement {
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t count = 0;
  bool counts = true;  // metric_name is ENTITLEMENT
};

struct RereadReport {
  std::string payload;
  // (product id, serial number), the tag and the id that the payload names.
  std::pair<std::string, std::string> udi;
  std::string tag;
  int64_t report_id = 0;
  std::vector<std::pair<std::string, std::string>> ha_udis;
  std::vector<RereadMeasurement> measurements;  // in the order of the report
};

// `raw` is what stood inside <RUMReport>, or the JSON object that came.
absl::StatusOr<RereadReport> RereadReportBody(std::string_view raw);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_
