// Rows of reporting_policies.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REPORTING_POLICY_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REPORTING_POLICY_BOOK_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/common/policy/reporting_policy.h"

namespace quartermaster::ledger {

struct StoredPolicy {
  int64_t id = 0;
  // None: the Smart Account's.
  std::optional<int64_t> virtual_account_id;
  policy::ReportingPolicy policy;
  absl::Time effective_at;
  // None while it is in force.
  std::optional<absl::Time> ended_at;
  std::string actor;
};

// What a policy is set for: a Virtual Account or, without one, the whole Smart Account.
struct PolicyScope {
  int64_t smart_account_id = 0;
  std::optional<int64_t> virtual_account_id;
};

// All functions run in the caller's transaction and throw what libpqxx throws. A row that is no policy
// of this version throws too: nothing here guesses a deadline.

// Those in force: now, or at `as_of`. One at most of each scope.
std::vector<StoredPolicy> PoliciesInForce(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          std::optional<absl::Time> as_of = std::nullopt);
// By id, whether in force or not; ids that are none are left out.
std::vector<StoredPolicy> ReadPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       const std::vector<int64_t>& ids);

struct PolicyListFilter {
  int64_t smart_account_id = 0;
  // Only of this Virtual Account.
  std::optional<int64_t> virtual_account_id;
  // Those that ended too.
  bool with_ended = false;
  int64_t after_id = 0;
  int limit = 100;
};
// Ordered by id, which is the order in which they were set.
std::vector<StoredPolicy> ListPolicies(pqxx::transaction_base& transaction, const PolicyListFilter& filter);

// Waits until nobody else writes policies of this Smart Account, for the rest of the transaction.
void LockPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id);
// Under that lock. What is in force of a scope.
std::optional<StoredPolicy> FindPolicyInForce(pqxx::transaction_base& transaction, const PolicyScope& scope);
// Under that lock. Ends it; never before it began, whatever the clock says.
StoredPolicy EndPolicy(pqxx::transaction_base& transaction, const PolicyScope& scope,
                       const StoredPolicy& in_force, absl::Time now);
// Under that lock, with none in force. `effective_at` is not before the end of the one before.
StoredPolicy InsertPolicy(pqxx::transaction_base& transaction, const PolicyScope& scope, StoredPolicy policy);

// When and under which policy the newest acknowledgement at a time was issued.
struct IssuedAcknowledgement {
  absl::Time issued_at;
  std::optional<int64_t> policy_id;
};
std::optional<IssuedAcknowledgement> FindAcknowledgement(pqxx::transaction_base& transaction,
                                                         int64_t smart_account_id,
                                                         const std::string& product_id,
                                                         const std::string& serial_number, absl::Time as_of);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REPORTING_POLICY_BOOK_H_
