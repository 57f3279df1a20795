// A reporting policy: when a product instance must report, be acknowledged and push. Shared by the
// ledger, which keeps the policies, and the authority, which delivers them.
#ifndef QUARTERMASTER_SERVICES_COMMON_POLICY_REPORTING_POLICY_H_
#define QUARTERMASTER_SERVICES_COMMON_POLICY_REPORTING_POLICY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/common/policy/default_policy.h"

namespace quartermaster::policy {

// Where a policy comes from, as product instances show it. The numbers stand in the table
// reporting_policies. A type is a label: what a policy requires is in its figures alone.
enum class PolicyType : uint8_t {
  kDefault = 1,
  kPlatformDefault = 2,
  kFactoryInstalled = 3,
  kCustom = 4,
  // Of permanent reservations and of flexible agreements.
  kPlr = 5,
  kFla = 6,
  kController = 7,
  // Several policies at once: MergePolicies().
  kMerged = 8,
};
// "platform_default" and so on.
std::string_view PolicyTypeWord(PolicyType type);
// "unenforced_perpetual" and so on.
std::string_view LicenseClassWord(LicenseClass license_class);

// By LicenseClass.
using DaysByClass = std::array<ReportingDays, kLicenseClassCount>;

struct ReportingPolicy {
  PolicyType type = PolicyType::kDefault;
  std::string name = "Default";
  // Whether only an acknowledgement meets a deadline. If not, the report itself does.
  bool acknowledgement_required = kDefaultAcknowledgementRequired;
  // From one push to the next.
  int push_interval_days = kDefaultPushIntervalDays;
  DaysByClass days = kDefaultReportingDays;
  bool operator==(const ReportingPolicy&) const = default;
};

// Ten years.
inline constexpr int kPolicyDaysMax = 3650;

// What is wrong with a policy that somebody wants to set.
struct PolicyProblem {
  std::string field;
  std::string got;
  std::string want;
};
// None when `policy` may be set: days 0 to kPolicyDaysMax, a push interval of 1 to that, and a type that
// can be set (the default is there by itself, a merged one is made of others).
std::optional<PolicyProblem> CheckPolicy(const ReportingPolicy& policy);

// What is in force where several policies are at once, as in an HA set whose members brought different
// ones: of each class and count the strictest, which is the smallest above 0; the shortest push interval;
// an acknowledgement if any requires one. Policies that require the same are no merger: then the first is
// answered as it is. `policies` is not empty.
ReportingPolicy MergePolicies(std::span<const ReportingPolicy> policies);

// Twelve numbers, class by class, as a PostgreSQL array: "{365,0,90,…}".
std::string DaysToArray(const DaysByClass& days);
std::optional<DaysByClass> DaysFromArray(std::string_view text);

}  // namespace quartermaster::policy

#endif  // QUARTERMASTER_SERVICES_COMMON_POLICY_REPORTING_POLICY_H_
