#include "services/common/accounts/find_smart_account.h"

namespace quartermaster::accounts {

constexpr char kFindSmartAccount[] = R"sql(
SELECT smart_account_id
FROM ledger_v1_smart_accounts
WHERE lower(domain) = lower($1) OR lower(display_name) = lower($1)
ORDER BY lower(domain) = lower($1) DESC, closed_at IS NOT NULL, smart_account_id
LIMIT 1)sql";

std::optional<int64_t> FindSmartAccount(pqxx::transaction_base& transaction, const std::string& name) {
  // A text parameter cannot hold it, and would end there.
  if (name.find('\0') != std::string::npos) return std::nullopt;
  const pqxx::result rows = transaction.exec_params(kFindSmartAccount, name);
  if (rows.empty()) return std::nullopt;
  return rows[0][0].as<int64_t>();
}

}  // namespace quartermaster::accounts
