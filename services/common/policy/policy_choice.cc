#include "services/common/policy/policy_choice.h"

#include <vector>

namespace quartermaster::policy {

PolicySource SourceInForce(const PolicyCandidates& candidates) {
  if (candidates.delivered.has_value()) return PolicySource::kDelivered;
  if (candidates.virtual_account.has_value()) return PolicySource::kVirtualAccount;
  if (candidates.smart_account.has_value()) return PolicySource::kSmartAccount;
  return PolicySource::kDefault;
}

ReportingPolicy PolicyInForceOf(const PolicyCandidates& candidates) {
  switch (SourceInForce(candidates)) {
    case PolicySource::kDelivered:
      return *candidates.delivered;
    case PolicySource::kVirtualAccount:
      return *candidates.virtual_account;
    case PolicySource::kSmartAccount:
      return *candidates.smart_account;
    case PolicySource::kDefault:
      break;
  }
  return ReportingPolicy();
}

ReportingPolicy PolicyInForceOf(std::span<const PolicyCandidates> members) {
  std::vector<ReportingPolicy> policies;
  for (const PolicyCandidates& member : members) policies.push_back(PolicyInForceOf(member));
  return MergePolicies(policies);
}

}  // namespace quartermaster::policy
