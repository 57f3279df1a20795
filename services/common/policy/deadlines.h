// When a product instance must report, be acknowledged and push, and which rule says so.
#ifndef QUARTERMASTER_SERVICES_COMMON_POLICY_DEADLINES_H_
#define QUARTERMASTER_SERVICES_COMMON_POLICY_DEADLINES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "services/common/policy/reporting_policy.h"

namespace quartermaster::policy {

// What is used of one tag, as deadlines see it. Times are Unix seconds; 0 = never.
struct ReportedUse {
  LicenseClass license_class = LicenseClass::kUnenforcedSubscription;
  int64_t in_use = 0;
  int64_t first_use_s = 0;
  int64_t last_change_s = 0;
  // The first change that no acknowledgement followed, as known when the position changed last; an
  // acknowledgement since then may have followed it.
  int64_t open_change_s = 0;
};

enum class DeadlineRule : uint8_t {
  // Before anything was acknowledged: first use of the class + first-report days.
  kFirstReport = 1,
  // After an acknowledgement: it + ongoing days.
  kOngoing = 2,
  // The earliest change of consumption that no acknowledgement followed + on-change days.
  kOnChange = 3,
};

// One rule applied to one tag.
struct RuleDeadline {
  // Place of the tag in the span that was asked about.
  size_t use = 0;
  DeadlineRule rule = DeadlineRule::kFirstReport;
  int64_t from_s = 0;
  int days = 0;
  // None when `days` is 0: the policy requires nothing here.
  std::optional<int64_t> due_s;
};

// Every rule that applies: to the tags whose class is in use, in their order. `met_s` is what deadlines
// count from once it is there: the last acknowledgement, or see ReportingTimes.
std::vector<RuleDeadline> ApplyRules(const DaysByClass& days, std::span<const ReportedUse> uses,
                                     std::optional<int64_t> met_s);
// The earliest of them. None when nothing is required.
std::optional<int64_t> EarliestDeadline(const DaysByClass& days, std::span<const ReportedUse> uses,
                                        std::optional<int64_t> met_s);

// Of a product instance or HA set.
struct ReportingTimes {
  std::optional<int64_t> last_acknowledged_s;
  std::optional<int64_t> last_report_s;
};
// What deadlines count from: under a policy that requires acknowledgements the last one, else the last
// report (an acknowledgement shows that there was one).
std::optional<int64_t> MetAt(const ReportingPolicy& policy, const ReportingTimes& times);

struct NextDeadlines {
  // When the next report must have been made; with acknowledgements required, acknowledged.
  std::optional<int64_t> report_s;
  // The same, where the policy requires acknowledgements; none elsewhere.
  std::optional<int64_t> acknowledgement_s;
  // When the next push is expected: the last report + the push interval. No obligation.
  std::optional<int64_t> push_s;
};
NextDeadlines NextDeadlinesOf(const ReportingPolicy& policy, std::span<const ReportedUse> uses,
                              const ReportingTimes& times);

}  // namespace quartermaster::policy

#endif  // QUARTERMASTER_SERVICES_COMMON_POLICY_DEADLINES_H_
