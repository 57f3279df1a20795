// Everything that an emulated product instance remembers, and what happens to it over (simulated)
// time. Pure: files and network are elsewhere.
#ifndef QUARTERMASTER_CLIENTS_AGENT_AGENT_STATE_H_
#define QUARTERMASTER_CLIENTS_AGENT_AGENT_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
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

// The policy that came with the last acknowledgement, or by itself since.
struct InstalledPolicy {
  std::string name;
  // policy::PolicyTypeWord().
  std::string type = "custom";
  bool acknowledgement_required = false;
  int push_interval_days = 0;
  // In the order of policy::LicenseClass.
  std::vector<ReportingDaysOfClass> classes;
  int64_t installed_s = 0;
  // By the authority's clock.
  int64_t issued_s = 0;
  int64_t next_report_due_s = 0;
  std::optional<int64_t> next_acknowledgement_due_s;
};

// What an authorization or reservation code allows, while start <= time < end.
struct AuthorizedTag {
  std::string tag;
  int64_t count = 0;
  int64_t start_s = 0;
  std::optional<int64_t> end_s;
};

// Authorization of one HA unit.
struct UnitAuthorization {
  // Of the last code that was installed; lower ones, and the same one once it was removed, are refused.
  int64_t sequence = 0;
  // Nothing is installed when it is empty.
  std::vector<AuthorizedTag> tags;
  std::string confirmation_code;
  bool reservation = false;
  // The node has taken the confirmation code.
  bool confirmed = false;
  // Of the code that was removed, until the node has taken it; shown as long as it is known.
  std::string removal_code;
  // Of the installed code, to be shown once it is removed.
  std::string removal_code_when_removed;
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
  // Tags that this software runs only with an authorization.
  std::set<std::string> enforced_tags;
  std::map<Udi, UnitAuthorization> authorizations;
};

// A closed report and what it says, for the writer.
struct ReportToWrite {
  ClosedReport record;
  ReportContent content;
};

// What the active unit's installed code allows of a tag at the state's clock.
int64_t AuthorizedCount(const AgentState& state, const std::string& tag);

// The operations. Each moves `state` and answers the reports that it closed, whose records are in
// state.reports already.
// agent.not_authorized where the tag is enforced and the active unit's code does not allow so many.
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
