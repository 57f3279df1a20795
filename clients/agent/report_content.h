// What a product instance says in one usage report, before it becomes bytes.
#ifndef QUARTERMASTER_CLIENTS_AGENT_REPORT_CONTENT_H_
#define QUARTERMASTER_CLIENTS_AGENT_REPORT_CONTENT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace quartermaster::agent {

struct Udi {
  std::string product_id;
  std::string serial_number;
  auto operator<=>(const Udi&) const = default;
};

// The forms of docs/reference/formats.md: switches and newer routers, older routers, data-centre
// switches.
enum class ReportForm { kV2, kV1, kSwitch };

struct HaUnit {
  // "Active", "Standby", "Member".
  std::string role;
  Udi udi;
};

// One interval with one count. Times are Unix seconds of the product instance's clock.
struct MeasuredInterval {
  int64_t log_s = 0;
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t count = 0;
  // Empty = not written.
  std::string termination_reason;
  std::string close_reason;
  bool operator==(const MeasuredInterval&) const = default;
};

struct ReportContent {
  ReportForm form = ReportForm::kV2;
  // Tag of the software itself.
  std::string asset_name;
  // Only data-centre switches write it.
  std::string product_instance_identifier;
  Udi udi;
  int64_t report_id = 0;
  std::string entitlement_tag;
  std::string software_version;
  std::vector<HaUnit> ha_units;
  // Ours: the report of this tag before; 0 = none.
  int64_t previous_report_id = 0;
  std::vector<MeasuredInterval> measurements;
};

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_REPORT_CONTENT_H_
