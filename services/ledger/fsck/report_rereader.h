// Reads a stored report body again, for fsck only: written apart from ingest's parser so that a
// mistake there cannot hide here. Plain on purpose. It takes what ingest takes and refuses what ingest
// refuses: a body that ingest would never have stored is damage.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::ledger::fsck {

// (product id, serial number)
using UdiPair = std::pair<std::string, std::string>;

struct RereadMeasurement {
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t count = 0;
  bool counts = true;  // metric_name is ENTITLEMENT
  bool end_explained = false;
  bool ended_by_reload = false;
};

struct RereadHaMember {
  UdiPair udi;
  std::string role;
};

struct RereadReport {
  std::string payload;
  UdiPair udi;
  std::string tag;
  int64_t report_id = 0;
  int64_t previous_report_id = 0;  // 0 = none
  std::string software_version;
  std::vector<RereadHaMember> ha_members;       // as they stand, the sender too
  std::vector<RereadMeasurement> measurements;  // in the order of the report
};

// `raw` is what stood inside <RUMReport>, or the JSON object that came. DATA_LOSS with the reason when
// it is no report.
absl::StatusOr<RereadReport> RereadReportBody(std::string_view raw);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_REPORT_REREADER_H_
