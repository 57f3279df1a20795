#include "services/ledger/storage/policy_store.h"

#include <vector>

#include "absl/time/time.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectPolicies[] =
    "SELECT smart_account_id, effective_at, counts FROM unverifiable_policies"
    " WHERE smart_account_id = ANY ($1) ORDER BY smart_account_id, effective_at";

}  // namespace

absl::StatusOr<std::map<int64_t, UnverifiablePolicy>> LoadPolicies(
    pg::RawConnection& connection, std::span<const int64_t> smart_account_ids) {
  pg::Params params;
  params.AddArray(smart_account_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectPolicies, params));
  std::map<int64_t, std::vector<PolicySwitch>> switches;
  for (const int64_t account : smart_account_ids) switches[account];
  for (int row = 0; row < result.rows(); ++row) {
    switches[result.Int64(row, 0)].push_back({absl::ToUnixSeconds(result.Time(row, 1)), result.Bool(row, 2)});
  }
  std::map<int64_t, UnverifiablePolicy> policies;
  for (auto& [account, list] : switches) policies.emplace(account, std::move(list));
  return policies;
}

}  // namespace quartermaster::ledger
