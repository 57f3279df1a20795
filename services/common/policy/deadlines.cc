#include "services/common/policy/deadlines.h"

#include <algorithm>
#include <array>

namespace quartermaster::policy {
namespace {

constexpr int64_t kDayS = 86'400;

RuleDeadline Deadline(size_t use, DeadlineRule rule, int64_t from_s, int days) {
  RuleDeadline deadline{.use = use, .rule = rule, .from_s = from_s, .days = days, .due_s = std::nullopt};
  if (days > 0) deadline.due_s = from_s + days * kDayS;
  return deadline;
}

}  // namespace

std::vector<RuleDeadline> ApplyRules(const DaysByClass& days_by_class, std::span<const ReportedUse> uses,
                                     std::optional<int64_t> met_s) {
  std::array<bool, kLicenseClassCount> in_use{};
  for (const ReportedUse& use : uses) {
    if (use.in_use > 0) in_use[static_cast<size_t>(use.license_class)] = true;
  }
  std::vector<RuleDeadline> deadlines;
  for (size_t i = 0; i < uses.size(); ++i) {
    const ReportedUse& use = uses[i];
    const size_t license_class = static_cast<size_t>(use.license_class);
    if (!in_use[license_class]) continue;
    const ReportingDays& days = days_by_class[license_class];
    if (met_s.has_value()) {
      deadlines.push_back(Deadline(i, DeadlineRule::kOngoing, *met_s, days.ongoing));
    } else if (use.first_use_s != 0) {
      deadlines.push_back(Deadline(i, DeadlineRule::kFirstReport, use.first_use_s, days.first_report));
    }
    const int64_t after_s = met_s.value_or(0);
    // Was the open one acknowledged since, then what changed after it did so while that was under way.
    const int64_t change_s = use.open_change_s > after_s ? use.open_change_s : use.last_change_s;
    if (change_s > after_s) {
      deadlines.push_back(Deadline(i, DeadlineRule::kOnChange, change_s, days.on_change));
    }
  }
  return deadlines;
}

std::optional<int64_t> EarliestDeadline(const DaysByClass& days, std::span<const ReportedUse> uses,
                                        std::optional<int64_t> met_s) {
  std::optional<int64_t> earliest;
  for (const RuleDeadline& deadline : ApplyRules(days, uses, met_s)) {
    if (!deadline.due_s.has_value()) continue;
    if (!earliest.has_value() || *deadline.due_s < *earliest) earliest = deadline.due_s;
  }
  return earliest;
}

std::optional<int64_t> MetAt(const ReportingPolicy& policy, const ReportingTimes& times) {
  if (policy.acknowledgement_required) return times.last_acknowledged_s;
  // An absent optional is less than any value.
  return std::max(times.last_report_s, times.last_acknowledged_s);
}

NextDeadlines NextDeadlinesOf(const ReportingPolicy& policy, std::span<const ReportedUse> uses,
                              const ReportingTimes& times) {
  NextDeadlines next;
  next.report_s = EarliestDeadline(policy.days, uses, MetAt(policy, times));
  if (policy.acknowledgement_required) next.acknowledgement_s = next.report_s;
  if (times.last_report_s.has_value()) {
    next.push_s = *times.last_report_s + policy.push_interval_days * kDayS;
  }
  return next;
}

}  // namespace quartermaster::policy
