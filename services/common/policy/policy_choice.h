// Which of the policies that could be in force is.
#ifndef QUARTERMASTER_SERVICES_COMMON_POLICY_POLICY_CHOICE_H_
#define QUARTERMASTER_SERVICES_COMMON_POLICY_POLICY_CHOICE_H_

#include <cstdint>
#include <optional>
#include <span>

#include "services/common/policy/reporting_policy.h"

namespace quartermaster::policy {

// In the order of precedence: the first that has a policy decides.
enum class PolicySource : uint8_t {
  // Came to the product instance with its last acknowledgement (or authorization code): what the device
  // has installed and goes by.
  kDelivered = 1,
  // Set for the Virtual Account that is its home.
  kVirtualAccount = 2,
  // Set for its Smart Account.
  kSmartAccount = 3,
  kDefault = 4,
};

// Of one product instance. The default is always there.
struct PolicyCandidates {
  std::optional<ReportingPolicy> delivered;
  std::optional<ReportingPolicy> virtual_account;
  std::optional<ReportingPolicy> smart_account;
};

PolicySource SourceInForce(const PolicyCandidates& candidates);
ReportingPolicy PolicyInForceOf(const PolicyCandidates& candidates);
// Of an HA set: its members' policies, merged. `members` is not empty.
ReportingPolicy PolicyInForceOf(std::span<const PolicyCandidates> members);

}  // namespace quartermaster::policy

#endif  // QUARTERMASTER_SERVICES_COMMON_POLICY_POLICY_CHOICE_H_
