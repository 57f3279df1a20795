#include "clients/agent/next_deadlines.h"

#include <algorithm>
#include <string>
#include <vector>

#include "services/common/policy/deadlines.h"

namespace quartermaster::agent {
namespace {

constexpr int64_t kDayS = 86'400;

policy::DaysByClass DaysOf(const InstalledPolicy& installed) {
  policy::DaysByClass days{};
  for (size_t i = 0; i < installed.classes.size() && i < days.size(); ++i) {
    const ReportingDaysOfClass& one = installed.classes[i];
    days[i] = {one.first_report, one.ongoing, one.on_change};
  }
  return days;
}

// Of every tag that is in use: since when.
std::vector<policy::ReportedUse> Uses(const AgentState& state) {
  std::vector<policy::ReportedUse> uses;
  for (const auto& [tag, meter] : state.meters) {
    int64_t first_use_s = meter.opened_s();
    for (const ClosedReport& report : state.reports) {
      if (report.entitlement_tag == tag) first_use_s = std::min(first_use_s, report.start_s);
    }
    uses.push_back({.in_use = meter.count(), .first_use_s = first_use_s});
  }
  return uses;
}

}  // namespace

InstalledPolicy PolicyInForce(const AgentState& state) {
  if (state.policy.has_value()) return *state.policy;
  const policy::ReportingPolicy standard;
  InstalledPolicy installed;
  installed.name = standard.name;
  installed.type = std::string(policy::PolicyTypeWord(standard.type));
  installed.acknowledgement_required = standard.acknowledgement_required;
  installed.push_interval_days = standard.push_interval_days;
  for (const policy::ReportingDays& days : standard.days) {
    installed.classes.push_back({days.first_report, days.ongoing, days.on_change});
  }
  return installed;
}

std::optional<int64_t> NextAcknowledgement(const AgentState& state) {
  const InstalledPolicy installed = PolicyInForce(state);
  if (!installed.acknowledgement_required) return std::nullopt;
  if (state.last_acknowledged_s != 0) return installed.next_acknowledgement_due_s;
  return policy::EarliestDeadline(DaysOf(installed), Uses(state), std::nullopt);
}

int64_t NextPush(const AgentState& state) {
  const int64_t from_s = state.last_push_s == 0 ? state.clock_s : state.last_push_s;
  return from_s + PolicyInForce(state).push_interval_days * kDayS;
}

}  // namespace quartermaster::agent
