// Everything that an emulated product instance remembers, and what happens to it over (simulated)
// time. Pure: files and network are elsewhere.
#ifndef QUARTERMASTER_CLIENTS_AGENT_AGENT_STATE_H_
#define QUARTERMASTER_CLIENTS_AGENT_AGENT_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/agent/report_content.h"
#include "clients/agent/report_signer.h"
#include "clients/agent/usage_meter.h"

namespace quartermaster::agent {

// Where a closed report stands. Its bytes lie in a file of their own.
struct ClosedReport {
  int64_t report_id = 0;
  Udi udi;
  std::string entitlement_tag;
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t count = 0;
  // Answered `accepted` or `duplicate` online, or acknowledged.
  bool reported = false;
  bool acknowledged = false;
};

struct ReportingDaysOfClass {
  int first_report = 0;
  int ongoing = 0;
  int on_change = 0;
};

// The policy that came with the last acknowledgement.
struct InstalledPolicy {
  std::string name;
  bool acknowledgement_required = false;
  int push_interval_days = 0;
  // In the order of policy::LicenseClass.
  std::vector<ReportingDaysOfClass> classes;
  int64_t installed_s = 0;
  int64_t next_report_due_s = 0;
  std::optional<int64_t> next_acknowledgement_due_s;
};

struct AgentState {
  // The active unit; reports are its.
  Udi udi;
  std::optional<Udi> ha_peer;
  std::string hostname;
  std::string software_version = "17.12.04";
  std::string asset_name;
  std::string product_instance_identifier;
  ReportForm form = ReportForm::kV2;
  SigningKind signing = SigningKind::kRsa;
  // The product instance's own clock.
  int64_t clock_s = 0;
  int64_t report_interval_s = 30 * 86400;
  int64_t last_report_id = 0;
  std::map<std::string, UsageMeter> meters;
  std::vector<ClosedReport> reports;
  // Poll ids of submissions that are not acknowledged yet.
  std::vector<int64_t> polls;
  int64_t last_push_s = 0;
  // By UDI, because each HA unit has a sequence of its own: the last acknowledgement accepted.
  std::map<Udi, int64_t> acknowledgement_sequences;
  int64_t last_acknowledged_s = 0;
  std::optional<InstalledPolicy> policy;
};

// A closed report and what it says, for the writer.
struct ReportToWrite {
  ClosedReport record;
  ReportContent content;
};

// The operations. Each moves `state` and answers the reports that it closed, whose records are in
// state.reports already.
absl::Status SetTagCount(AgentState& state, const std::string& tag, int64_t count);
// Reports whose interval ends on the way close at exactly that time.
absl::StatusOr<std::vector<ReportToWrite>> Advance(AgentState& state, int64_t seconds);
// Nothing is measured for that long: a gap, unless a reload explained it.
absl::StatusOr<std::vector<ReportToWrite>> PowerOff(AgentState& state, int64_t seconds);
absl::StatusOr<std::vector<ReportToWrite>> Reload(AgentState& state, int64_t downtime_s);
// The standby becomes active.
absl::StatusOr<std::vector<ReportToWrite>> Switchover(AgentState& state);
std::vector<ReportToWrite> CloseReports(AgentState& state, CloseReason reason);

// JSON of the state file, and back: agent.state_malformed.
std::string StateToJson(const AgentState& state);
absl::StatusOr<AgentState> StateFromJson(const std::string& text);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AGENT_STATE_H_
