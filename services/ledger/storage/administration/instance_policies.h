// The reporting policies that are in force for product instances of one Smart Account. An account has
// few (one for each Virtual Account at most), so a page of instances reads them once, by two look-ups in
// an index, and every instance of the page is answered from memory.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_POLICIES_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_POLICIES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "services/common/policy/policy_choice.h"
#include "services/ledger/storage/administration/reporting_policy_book.h"

namespace quartermaster::ledger {

// What the policy of one product instance depends on.
struct PolicyFacts {
  // Its home.
  int64_t virtual_account_id = 0;
  // Whether it was ever acknowledged, and which policy came with the last acknowledgement: none is the
  // default.
  bool acknowledged = false;
  std::optional<int64_t> delivered_policy_id;
};

class InstancePolicies {
 public:
  // `instances`: everything that will be asked about. Now, or as it was at `as_of`.
  static InstancePolicies Read(pqxx::transaction_base& transaction, int64_t smart_account_id,
                               std::span<const PolicyFacts> instances,
                               std::optional<absl::Time> as_of = std::nullopt);

  policy::PolicyCandidates CandidatesFor(const PolicyFacts& instance) const;
  // Of all members of an HA set, or of one that stands alone.
  policy::ReportingPolicy InForceFor(std::span<const PolicyFacts> members) const;

 private:
  std::optional<policy::ReportingPolicy> of_smart_account_;
  std::map<int64_t, policy::ReportingPolicy> of_virtual_account_;
  std::map<int64_t, policy::ReportingPolicy> delivered_;
};

// The same for every product instance of an account at once, as numbers for a statement: a policy's
// number is its place in `policies`, from 1 on; 1 is the default.
struct NumberedPolicies {
  std::vector<policy::ReportingPolicy> policies;
  // By Virtual Account: what its instances have until they are acknowledged.
  std::vector<int64_t> virtual_account_ids, home_numbers;
  // By policy id: what an acknowledgement brought.
  std::vector<int64_t> policy_ids, delivered_numbers;
};
NumberedPolicies ReadNumberedPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_POLICIES_H_
