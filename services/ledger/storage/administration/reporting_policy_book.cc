#include "services/ledger/storage/administration/reporting_policy_book.h"

#include <algorithm>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define POLICY_COLUMNS                                                                       \
  "policy_id, virtual_account_id, type, name, acknowledgement_required, push_interval_days," \
  " days::text, (extract(epoch FROM effective_at) * 1000000)::bigint,"                       \
  " (extract(epoch FROM ended_at) * 1000000)::bigint, actor"

constexpr char kPoliciesInForce[] = "SELECT " POLICY_COLUMNS
                                    " FROM reporting_policies WHERE smart_account_id = $1"
                                    "  AND ended_at IS NULL ORDER BY policy_id";
constexpr char kPoliciesInForceAsOf[] =
    "SELECT " POLICY_COLUMNS
    " FROM reporting_policies WHERE smart_account_id = $1 AND effective_at <= $2::timestamptz"
    "  AND (ended_at IS NULL OR ended_at > $2::timestamptz) ORDER BY policy_id";
constexpr char kReadPolicies[] = "SELECT " POLICY_COLUMNS
                                 " FROM reporting_policies WHERE smart_account_id = $1"
                                 "  AND policy_id = ANY ($2::bigint[])";
constexpr char kListPolicies[] =
    "SELECT " POLICY_COLUMNS
    " FROM reporting_policies WHERE smart_account_id = $1 AND policy_id > $2"
    "  AND ($3::bigint IS NULL OR virtual_account_id = $3) AND ($4 OR ended_at IS NULL)"
    " ORDER BY policy_id LIMIT $5";
constexpr char kLockPolicies[] = "SELECT 1 FROM smart_accounts WHERE smart_account_id = $1 FOR NO KEY UPDATE";
constexpr char kFindInForce[] =
    "SELECT " POLICY_COLUMNS
    " FROM reporting_policies WHERE smart_account_id = $1"
    "  AND coalesce(virtual_account_id, 0) = coalesce($2::bigint, 0) AND ended_at IS NULL";
constexpr char kEndPolicy[] =
    "UPDATE reporting_policies SET ended_at = greatest(effective_at, $3::timestamptz)"
    " WHERE smart_account_id = $1 AND policy_id = $2 AND ended_at IS NULL RETURNING " POLICY_COLUMNS;
// A clock that went back makes no policy overlap with the one before.
constexpr char kInsertPolicy[] =
    "INSERT INTO reporting_policies (smart_account_id, virtual_account_id, type, name,"
    "  acknowledgement_required, push_interval_days, days, effective_at, actor)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7::int[], greatest($8::timestamptz,"
    "  (SELECT max(p.ended_at) FROM reporting_policies p WHERE p.smart_account_id = $1"
    "    AND coalesce(p.virtual_account_id, 0) = coalesce($2::bigint, 0))), $9)"
    " RETURNING " POLICY_COLUMNS;
constexpr char kFindAcknowledgement[] =
    "SELECT (extract(epoch FROM a.issued_at) * 1000000)::bigint, a.policy_id"
    " FROM ingest_v1_senders s JOIN authority_v1_acknowledgements a"
    "   ON a.smart_account_id = $1 AND a.sender_id = s.sender_id"
    " WHERE s.udi_pid = $2 AND s.udi_sn = $3 AND a.issued_at <= $4::timestamptz"
    " ORDER BY a.issued_at DESC, a.sequence DESC LIMIT 1";

StoredPolicy PolicyOf(const pqxx::row& row) {
  StoredPolicy stored;
  stored.id = row[0].as<int64_t>();
  if (!row[1].is_null()) stored.virtual_account_id = row[1].as<int64_t>();
  stored.policy.type = static_cast<policy::PolicyType>(row[2].as<int>());
  stored.policy.name = row[3].as<std::string>();
  stored.policy.acknowledgement_required = row[4].as<bool>();
  stored.policy.push_interval_days = row[5].as<int>();
  const auto days = policy::DaysFromArray(row[6].as<std::string>());
  if (!days.has_value()) {
    throw std::runtime_error(absl::StrCat("reporting_policies: got days ", row[6].as<std::string>(),
                                          " of policy ", stored.id, ", want twelve numbers"));
  }
  stored.policy.days = *days;
  stored.effective_at = MicrosAt(row[7]);
  stored.ended_at = OptionalMicrosAt(row[8]);
  stored.actor = row[9].as<std::string>();
  return stored;
}

std::vector<StoredPolicy> PoliciesOf(const pqxx::result& rows) {
  std::vector<StoredPolicy> policies;
  for (const auto& row : rows) policies.push_back(PolicyOf(row));
  return policies;
}

}  // namespace

std::vector<StoredPolicy> PoliciesInForce(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          std::optional<absl::Time> as_of) {
  if (!as_of.has_value()) return PoliciesOf(transaction.exec_params(kPoliciesInForce, smart_account_id));
  return PoliciesOf(transaction.exec_params(kPoliciesInForceAsOf, smart_account_id, TimeText(*as_of)));
}

std::vector<StoredPolicy> ReadPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       const std::vector<int64_t>& ids) {
  if (ids.empty()) return {};
  return PoliciesOf(transaction.exec_params(kReadPolicies, smart_account_id, IntArray(ids)));
}

std::vector<StoredPolicy> ListPolicies(pqxx::transaction_base& transaction, const PolicyListFilter& filter) {
  return PoliciesOf(transaction.exec_params(kListPolicies, filter.smart_account_id, filter.after_id,
                                            filter.virtual_account_id, filter.with_ended, filter.limit));
}

void LockPolicies(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  transaction.exec_params(kLockPolicies, smart_account_id);
}

std::optional<StoredPolicy> FindPolicyInForce(pqxx::transaction_base& transaction, const PolicyScope& scope) {
  const pqxx::result rows =
      transaction.exec_params(kFindInForce, scope.smart_account_id, scope.virtual_account_id);
  if (rows.empty()) return std::nullopt;
  return PolicyOf(rows[0]);
}

StoredPolicy EndPolicy(pqxx::transaction_base& transaction, const PolicyScope& scope,
                       const StoredPolicy& in_force, absl::Time now) {
  return PolicyOf(transaction.exec_params1(kEndPolicy, scope.smart_account_id, in_force.id, TimeText(now)));
}

StoredPolicy InsertPolicy(pqxx::transaction_base& transaction, const PolicyScope& scope,
                          StoredPolicy policy) {
  return PolicyOf(transaction.exec_params1(
      kInsertPolicy, scope.smart_account_id, scope.virtual_account_id, static_cast<int>(policy.policy.type),
      policy.policy.name, policy.policy.acknowledgement_required, policy.policy.push_interval_days,
      policy::DaysToArray(policy.policy.days), TimeText(policy.effective_at), policy.actor));
}

std::optional<IssuedAcknowledgement> FindAcknowledgement(pqxx::transaction_base& transaction,
                                                         int64_t smart_account_id,
                                                         const std::string& product_id,
                                                         const std::string& serial_number, absl::Time as_of) {
  const pqxx::result rows = transaction.exec_params(kFindAcknowledgement, smart_account_id, product_id,
                                                    serial_number, TimeText(as_of));
  if (rows.empty()) return std::nullopt;
  IssuedAcknowledgement found{MicrosAt(rows[0][0]), std::nullopt};
  if (!rows[0][1].is_null()) found.policy_id = rows[0][1].as<int64_t>();
  return found;
}

}  // namespace quartermaster::ledger
