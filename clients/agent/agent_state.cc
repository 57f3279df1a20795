#include "clients/agent/agent_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

constexpr int64_t kCountMax = 2'147'483'647;
// A century: further is a slip of the keyboard.
constexpr int64_t kAdvanceSecondsMax = 100LL * 366 * 86400;
constexpr size_t kTagBytesMax = 255;

absl::Status CheckDuration(const char* what, int64_t seconds) {
  if (seconds >= 0 && seconds <= kAdvanceSecondsMax) return absl::OkStatus();
  return ArgumentInvalid(absl::StrCat(what, ": got ", seconds, " s, want 0 to ", kAdvanceSecondsMax));
}

std::vector<HaUnit> HaUnits(const AgentState& state) {
  std::vector<HaUnit> units = {{"Active", state.udi}};
  if (state.ha_peer.has_value()) units.push_back({"Standby", *state.ha_peer});
  return units;
}

int64_t PreviousReportId(const AgentState& state, const std::string& tag) {
  const auto found = std::find_if(
      state.reports.rbegin(), state.reports.rend(),
      [&](const ClosedReport& report) { return report.entitlement_tag == tag && report.udi == state.udi; });
  return found == state.reports.rend() ? 0 : found->report_id;
}

// Ids look like the time at which the report was opened, and never repeat on one instance.
int64_t NewReportId(AgentState& state, int64_t opened_s) {
  state.last_report_id = std::max(state.last_report_id + 1, opened_s);
  return state.last_report_id;
}

void CloseMeter(AgentState& state, const std::string& tag, UsageMeter& meter, CloseReason reason,
                std::vector<ReportToWrite>& closed) {
  const int64_t opened_s = meter.opened_s();
  std::vector<MeasuredInterval> intervals = meter.Close(state.clock_s, reason);
  if (intervals.empty()) return;
  ReportToWrite report;
  ReportContent& content = report.content;
  content.form = state.form;
  content.asset_name = state.asset_name;
  content.product_instance_identifier = state.product_instance_identifier;
  content.udi = state.udi;
  content.previous_report_id = PreviousReportId(state, tag);
  content.report_id = NewReportId(state, opened_s);
  content.entitlement_tag = tag;
  content.software_version = state.software_version;
  content.ha_units = HaUnits(state);
  report.record.report_id = content.report_id;
  report.record.udi = content.udi;
  report.record.entitlement_tag = tag;
  report.record.start_s = intervals.front().start_s;
  report.record.end_s = intervals.back().end_s;
  report.record.count = intervals.back().count;
  content.measurements = std::move(intervals);
  state.reports.push_back(report.record);
  closed.push_back(std::move(report));
}

// When the next report's interval is over; far away without one.
int64_t NextClose(const AgentState& state) {
  int64_t next = INT64_MAX;
  for (const auto& [tag, meter] : state.meters) {
    if (!meter.ended()) next = std::min(next, meter.opened_s() + state.report_interval_s);
  }
  return next;
}

}  // namespace

int64_t AuthorizedCount(const AgentState& state, const std::string& tag) {
  const auto installed = state.authorizations.find(state.udi);
  if (installed == state.authorizations.end()) return 0;
  int64_t count = 0;
  for (const AuthorizedTag& one : installed->second.tags) {
    const bool in_force =
        one.start_s <= state.clock_s && (!one.end_s.has_value() || state.clock_s < *one.end_s);
    if (one.tag == tag && in_force) count += one.count;
  }
  return count;
}

absl::Status SetTagCount(AgentState& state, const std::string& tag, int64_t count) {
  if (tag.empty() || tag.size() > kTagBytesMax) {
    return ArgumentInvalid(absl::StrCat("tag: got ", tag.size(), " bytes, want 1 to ", kTagBytesMax));
  }
  if (count < 0 || count > kCountMax) {
    return ArgumentInvalid(absl::StrCat("count: got ", count, ", want 0 to ", kCountMax));
  }
  if (state.enforced_tags.contains(tag) && count > AuthorizedCount(state, tag)) {
    return NotAuthorized(absl::StrCat(tag, ": got ", count, ", want at most ", AuthorizedCount(state, tag),
                                      ", which is what the installed code allows now"));
  }
  const auto found = state.meters.find(tag);
  if (found == state.meters.end()) {
    state.meters.emplace(tag, UsageMeter(count, state.clock_s));
  } else {
    found->second.SetCount(count, state.clock_s);
  }
  return absl::OkStatus();
}

std::vector<ReportToWrite> CloseReports(AgentState& state, CloseReason reason) {
  std::vector<ReportToWrite> closed;
  for (auto& [tag, meter] : state.meters) CloseMeter(state, tag, meter, reason, closed);
  return closed;
}

absl::StatusOr<std::vector<ReportToWrite>> Advance(AgentState& state, int64_t seconds) {
  RETURN_IF_ERROR(CheckDuration("advance", seconds));
  const int64_t until_s = state.clock_s + seconds;
  std::vector<ReportToWrite> closed;
  for (int64_t next = NextClose(state); next <= until_s; next = NextClose(state)) {
    state.clock_s = std::max(state.clock_s, next);
    for (auto& [tag, meter] : state.meters) {
      if (meter.ended() || meter.opened_s() + state.report_interval_s > state.clock_s) continue;
      CloseMeter(state, tag, meter, CloseReason::kInterval, closed);
    }
  }
  state.clock_s = until_s;
  return closed;
}

absl::StatusOr<std::vector<ReportToWrite>> PowerOff(AgentState& state, int64_t seconds) {
  RETURN_IF_ERROR(CheckDuration("off", seconds));
  for (auto& [tag, meter] : state.meters) meter.Suspend(state.clock_s);
  std::vector<ReportToWrite> closed = CloseReports(state, CloseReason::kInterval);
  state.clock_s += seconds;
  for (auto& [tag, meter] : state.meters) meter.Resume(state.clock_s);
  return closed;
}

absl::StatusOr<std::vector<ReportToWrite>> Reload(AgentState& state, int64_t downtime_s) {
  RETURN_IF_ERROR(CheckDuration("downtime", downtime_s));
  std::vector<ReportToWrite> closed = CloseReports(state, CloseReason::kReload);
  for (auto& [tag, meter] : state.meters) meter.Suspend(state.clock_s);
  state.clock_s += downtime_s;
  for (auto& [tag, meter] : state.meters) meter.Resume(state.clock_s);
  return closed;
}

absl::StatusOr<std::vector<ReportToWrite>> Switchover(AgentState& state) {
  if (!state.ha_peer.has_value()) {
    return ArgumentInvalid("switchover: got a product instance alone, want one with --ha-peer");
  }
  std::vector<ReportToWrite> closed = CloseReports(state, CloseReason::kInterval);
  std::swap(state.udi, *state.ha_peer);
  return closed;
}

}  // namespace quartermaster::agent
