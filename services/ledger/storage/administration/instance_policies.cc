#include "services/ledger/storage/administration/instance_policies.h"

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger {
namespace {

// The place, from 1 on, of a policy that requires the same; added when there is none. Policies are few,
// and most of a long history repeat each other.
int64_t NumberOf(const policy::ReportingPolicy& wanted, std::vector<policy::ReportingPolicy>& policies) {
  const auto same = [&](const policy::ReportingPolicy& other) {
    return other.days == wanted.days && other.acknowledgement_required == wanted.acknowledgement_required;
  };
  const auto found = std::find_if(policies.begin(), policies.end(), same);
  if (found != policies.end()) return found - policies.begin() + 1;
  policies.push_back(wanted);
  return std::ssize(policies);
}

}  // namespace

InstancePolicies InstancePolicies::Read(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        std::span<const PolicyFacts> instances,
                                        std::optional<absl::Time> as_of) {
  InstancePolicies result;
  for (StoredPolicy& stored : PoliciesInForce(transaction, smart_account_id, as_of)) {
    if (stored.virtual_account_id.has_value()) {
      result.of_virtual_account_[*stored.virtual_account_id] = std::move(stored.policy);
    } else {
      result.of_smart_account_ = std::move(stored.policy);
    }
  }
  std::set<int64_t> ids;
  for (const PolicyFacts& instance : instances) {
    if (instance.delivered_policy_id.has_value()) ids.insert(*instance.delivered_policy_id);
  }
  for (StoredPolicy& stored : ReadPolicies(transaction, smart_account_id, {ids.begin(), ids.end()})) {
    result.delivered_[stored.id] = std::move(stored.policy);
  }
  return result;
}

policy::PolicyCandidates InstancePolicies::CandidatesFor(const PolicyFacts& instance) const {
  policy::PolicyCandidates candidates;
  candidates.smart_account = of_smart_account_;
  const auto home = of_virtual_account_.find(instance.virtual_account_id);
  if (home != of_virtual_account_.end()) candidates.virtual_account = home->second;
  if (!instance.acknowledged) return candidates;
  if (!instance.delivered_policy_id.has_value()) {
    candidates.delivered = policy::ReportingPolicy();
    return candidates;
  }
  const auto delivered = delivered_.find(*instance.delivered_policy_id);
  if (delivered == delivered_.end()) {
    throw std::runtime_error(absl::StrCat("product_instances.delivered_policy_id: got ",
                                          *instance.delivered_policy_id,
                                          ", want a policy of this Smart Account"));
  }
  candidates.delivered = delivered->second;
  return candidates;
}

policy::ReportingPolicy InstancePolicies::InForceFor(std::span<const PolicyFacts> members) const {
  std::vector<policy::PolicyCandidates> candidates;
  for (const PolicyFacts& member : members) candidates.push_back(CandidatesFor(member));
  return policy::PolicyInForceOf(candidates);
}

NumberedPolicies ReadNumberedPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  NumberedPolicies numbered;
  numbered.policies.emplace_back();
  std::map<int64_t, int64_t> number_of_home;
  int64_t number_of_account = 1;
  const std::vector<StoredPolicy> stored = ListPolicies(
      transaction,
      {.smart_account_id = smart_account_id, .with_ended = true, .limit = std::numeric_limits<int>::max()});
  for (const StoredPolicy& one : stored) {
    const int64_t number = NumberOf(one.policy, numbered.policies);
    numbered.policy_ids.push_back(one.id);
    numbered.delivered_numbers.push_back(number);
    if (one.ended_at.has_value()) continue;
    if (one.virtual_account_id.has_value()) {
      number_of_home[*one.virtual_account_id] = number;
    } else {
      number_of_account = number;
    }
  }
  for (const auto& [id, name] : VirtualAccountNames(transaction, smart_account_id)) {
    const auto own = number_of_home.find(id);
    numbered.virtual_account_ids.push_back(id);
    numbered.home_numbers.push_back(own == number_of_home.end() ? number_of_account : own->second);
  }
  return numbered;
}

}  // namespace quartermaster::ledger
