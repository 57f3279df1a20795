#include "services/common/policy/reporting_policy.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace quartermaster::policy {
namespace {

constexpr int kCountsPerClass = 3;

std::optional<PolicyProblem> CheckDays(const std::string& field, int got, int min) {
  if (got >= min && got <= kPolicyDaysMax) return std::nullopt;
  return PolicyProblem{field, absl::StrCat(got), absl::StrCat(min, " to ", kPolicyDaysMax, " days")};
}

// Whether both ask for the same, whatever they are called.
bool RequireTheSame(const ReportingPolicy& a, const ReportingPolicy& b) {
  return a.days == b.days && a.push_interval_days == b.push_interval_days &&
         a.acknowledgement_required == b.acknowledgement_required;
}

// 0 = none required.
int Stricter(int a, int b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

std::string_view PolicyTypeWord(PolicyType type) {
  switch (type) {
    case PolicyType::kDefault:
      return "default";
    case PolicyType::kPlatformDefault:
      return "platform_default";
    case PolicyType::kFactoryInstalled:
      return "factory_installed";
    case PolicyType::kCustom:
      return "custom";
    case PolicyType::kPlr:
      return "plr";
    case PolicyType::kFla:
      return "fla";
    case PolicyType::kController:
      return "controller";
    case PolicyType::kMerged:
      return "merged";
  }
  return "unknown";
}

std::string_view LicenseClassWord(LicenseClass license_class) {
  switch (license_class) {
    case LicenseClass::kUnenforcedPerpetual:
      return "unenforced_perpetual";
    case LicenseClass::kUnenforcedSubscription:
      return "unenforced_subscription";
    case LicenseClass::kEnforced:
      return "enforced";
    case LicenseClass::kExportControlled:
      return "export_controlled";
  }
  return "unknown";
}

std::optional<PolicyProblem> CheckPolicy(const ReportingPolicy& policy) {
  if (policy.type == PolicyType::kDefault || policy.type == PolicyType::kMerged) {
    return PolicyProblem{"type", std::string(PolicyTypeWord(policy.type)),
                         "platform_default, factory_installed, custom, plr, fla or controller"};
  }
  if (auto problem = CheckDays("push_interval_days", policy.push_interval_days, 1)) return problem;
  for (size_t i = 0; i < policy.days.size(); ++i) {
    const std::string field =
        absl::StrCat("classes[", std::string(LicenseClassWord(static_cast<LicenseClass>(i))), "].");
    const ReportingDays& days = policy.days[i];
    if (auto problem = CheckDays(field + "first_report_days", days.first_report, 0)) return problem;
    if (auto problem = CheckDays(field + "ongoing_days", days.ongoing, 0)) return problem;
    if (auto problem = CheckDays(field + "on_change_days", days.on_change, 0)) return problem;
  }
  return std::nullopt;
}

ReportingPolicy MergePolicies(std::span<const ReportingPolicy> policies) {
  const ReportingPolicy& first = policies.front();
  if (std::all_of(policies.begin(), policies.end(),
                  [&](const ReportingPolicy& other) { return RequireTheSame(first, other); })) {
    return first;
  }
  ReportingPolicy merged = first;
  merged.type = PolicyType::kMerged;
  merged.name = "Merged";
  for (const ReportingPolicy& policy : policies.subspan(1)) {
    merged.acknowledgement_required |= policy.acknowledgement_required;
    merged.push_interval_days = Stricter(merged.push_interval_days, policy.push_interval_days);
    for (size_t i = 0; i < merged.days.size(); ++i) {
      ReportingDays& days = merged.days[i];
      days.first_report = Stricter(days.first_report, policy.days[i].first_report);
      days.ongoing = Stricter(days.ongoing, policy.days[i].ongoing);
      days.on_change = Stricter(days.on_change, policy.days[i].on_change);
    }
  }
  return merged;
}

std::string DaysToArray(const DaysByClass& days) {
  std::vector<int> numbers;
  for (const ReportingDays& one : days) {
    numbers.insert(numbers.end(), {one.first_report, one.ongoing, one.on_change});
  }
  return absl::StrCat("{", absl::StrJoin(numbers, ","), "}");
}

std::optional<DaysByClass> DaysFromArray(std::string_view text) {
  absl::string_view inner(text.data(), text.size());
  if (!absl::ConsumePrefix(&inner, "{") || !absl::ConsumeSuffix(&inner, "}")) return std::nullopt;
  std::vector<int> numbers;
  for (const absl::string_view word : absl::StrSplit(inner, ',')) {
    int number = 0;
    if (!absl::SimpleAtoi(word, &number) || number < 0 || number > kPolicyDaysMax) return std::nullopt;
    numbers.push_back(number);
  }
  DaysByClass days;
  if (numbers.size() != days.size() * kCountsPerClass) return std::nullopt;
  for (size_t i = 0; i < days.size(); ++i) {
    const int* const counts = &numbers[i * kCountsPerClass];
    days[i] = {counts[0], counts[1], counts[2]};
  }
  return days;
}

}  // namespace quartermaster::policy
