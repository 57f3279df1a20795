#include "services/ledger/storage/administration/account_book.h"

#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define SMART_ACCOUNT_COLUMNS                                                                             \
  "a.smart_account_id, a.domain, a.display_name,"                                                         \
  " coalesce((SELECT p.counts FROM unverifiable_policies p WHERE p.smart_account_id = a.smart_account_id" \
  "  ORDER BY p.effective_at DESC LIMIT 1), true),"                                                       \
  " (extract(epoch FROM a.created_at) * 1000000)::bigint, a.is_default,"                                  \
  " (extract(epoch FROM a.closed_at) * 1000000)::bigint"
#define VIRTUAL_ACCOUNT_COLUMNS                                                                            \
  "virtual_account_id, name, description, is_default, (extract(epoch FROM created_at) * 1000000)::bigint," \
  " responsible, deputy, (extract(epoch FROM closed_at) * 1000000)::bigint"

// ledger_find_smart_account: a domain is unique, a display name need not be; the domain wins.
constexpr char kFindSmartAccount[] =
    "SELECT " SMART_ACCOUNT_COLUMNS
    " FROM smart_accounts a WHERE lower(a.domain) = lower($1) OR lower(a.display_name) = lower($1)"
    " ORDER BY lower(a.domain) = lower($1) DESC, a.closed_at IS NOT NULL, a.smart_account_id LIMIT 1";
constexpr char kDefaultSmartAccount[] =
    "SELECT " SMART_ACCOUNT_COLUMNS " FROM smart_accounts a WHERE a.is_default";
constexpr char kListSmartAccounts[] =
    "SELECT " SMART_ACCOUNT_COLUMNS
    " FROM smart_accounts a WHERE a.smart_account_id > $1 AND ($3 OR a.closed_at IS NULL)"
    " ORDER BY a.smart_account_id LIMIT $2";
constexpr char kRenameSmartAccount[] =
    "UPDATE smart_accounts SET display_name = $2 WHERE smart_account_id = $1";
constexpr char kCloseSmartAccount[] =
    "UPDATE smart_accounts SET closed_at = $2::timestamptz WHERE smart_account_id = $1";
constexpr char kCloseVirtualAccounts[] =
    "UPDATE virtual_accounts SET closed_at = $2::timestamptz WHERE smart_account_id = $1 AND closed_at IS "
    "NULL";
constexpr char kCloseVirtualAccount[] =
    "UPDATE virtual_accounts SET closed_at = $3::timestamptz, closed_into = $4"
    " WHERE smart_account_id = $1 AND virtual_account_id = $2";
constexpr char kInsertSmartAccount[] =
    "INSERT INTO smart_accounts (domain, display_name, is_default, created_at)"
    " VALUES ($1, $2, $3, $4::timestamptz) ON CONFLICT DO NOTHING RETURNING smart_account_id";
constexpr char kInsertVirtualAccount[] =
    "INSERT INTO virtual_accounts (smart_account_id, name, description, is_default, created_at)"
    " VALUES ($1, $2, $3, $4, $5::timestamptz) ON CONFLICT DO NOTHING";
constexpr char kFindVirtualAccount[] =
    "SELECT " VIRTUAL_ACCOUNT_COLUMNS
    " FROM virtual_accounts WHERE smart_account_id = $1 AND lower(name) = lower($2) AND closed_at IS NULL";
constexpr char kDefaultVirtualAccount[] =
    "SELECT virtual_account_id FROM virtual_accounts WHERE smart_account_id = $1 AND is_default";
constexpr char kListVirtualAccounts[] =
    "SELECT " VIRTUAL_ACCOUNT_COLUMNS
    " FROM virtual_accounts WHERE smart_account_id = $1 AND virtual_account_id > $2"
    "  AND ($4 OR closed_at IS NULL) ORDER BY virtual_account_id LIMIT $3";
constexpr char kFindVirtualAccountIds[] =
    "SELECT n.name, v.virtual_account_id FROM unnest($2::text[]) AS n (name)"
    " JOIN virtual_accounts v ON v.smart_account_id = $1 AND lower(v.name) = lower(n.name)"
    "  AND v.closed_at IS NULL";
constexpr char kUpdateVirtualAccount[] =
    "UPDATE virtual_accounts SET name = $3, description = $4, responsible = $5, deputy = $6"
    " WHERE smart_account_id = $1 AND virtual_account_id = $2";
constexpr char kClosedDomain[] =
    "SELECT domain FROM smart_accounts WHERE smart_account_id = $1 AND closed_at IS NOT NULL";
constexpr char kAnyClosed[] =
    "SELECT name FROM virtual_accounts WHERE smart_account_id = $1"
    " AND virtual_account_id = ANY ($2::bigint[]) AND closed_at IS NOT NULL LIMIT 1";
constexpr char kClearDefault[] =
    "UPDATE virtual_accounts SET is_default = false WHERE smart_account_id = $1 AND is_default";
constexpr char kSetDefault[] =
    "UPDATE virtual_accounts SET is_default = true WHERE smart_account_id = $1 AND virtual_account_id = $2";
constexpr char kReadContent[] = R"sql(
  SELECT (SELECT count(DISTINCT lot_id) FROM lot_balances b WHERE b.smart_account_id = $1
            AND ($2 = 0 OR b.virtual_account_id = $2) AND b.state IN (2, 3, 4, 5) AND b.quantity <> 0),
         (SELECT coalesce(sum(quantity), 0)::bigint FROM lot_balances b WHERE b.smart_account_id = $1
            AND ($2 = 0 OR b.virtual_account_id = $2) AND b.state = 3),
         (SELECT coalesce(sum(quantity), 0)::bigint FROM lot_balances b WHERE b.smart_account_id = $1
            AND ($2 = 0 OR b.virtual_account_id = $2) AND b.state = 4)
         + (SELECT coalesce(sum(reserved), 0)::bigint FROM license_pools p WHERE p.smart_account_id = $1
            AND ($2 = 0 OR p.virtual_account_id = $2)),
         count(*) FILTER (WHERE i.removed_at IS NULL), count(*) FILTER (WHERE i.removed_at IS NOT NULL)
  FROM product_instances i WHERE i.smart_account_id = $1 AND ($2 = 0 OR i.virtual_account_id = $2))sql";
constexpr char kInstancesAtHome[] =
    "SELECT product_instance_id, udi_pid, udi_sn FROM product_instances"
    " WHERE smart_account_id = $1 AND virtual_account_id = $2 AND (udi_pid, udi_sn) > ($3, $4)"
    " ORDER BY udi_pid, udi_sn LIMIT $5";

SmartAccount SmartAccountOf(const pqxx::row& row) {
  return {row[0].as<int64_t>(), row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<bool>(),
          MicrosAt(row[4]),     row[5].as<bool>(),        OptionalMicrosAt(row[6])};
}

VirtualAccount VirtualAccountOf(const pqxx::row& row) {
  return {row[0].as<int64_t>(), row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<bool>(),
          MicrosAt(row[4]),     row[5].as<std::string>(), row[6].as<std::string>(), OptionalMicrosAt(row[7])};
}

}  // namespace

absl::StatusOr<SmartAccount> FindSmartAccount(pqxx::transaction_base& transaction, const std::string& named) {
  const pqxx::result rows = named.empty() ? transaction.exec(kDefaultSmartAccount)
                                          : transaction.exec_params(kFindSmartAccount, named);
  if (rows.empty()) return SmartAccountUnknown(named);
  return SmartAccountOf(rows[0]);
}

std::vector<SmartAccount> ListSmartAccounts(pqxx::transaction_base& transaction, int64_t after_id, int limit,
                                            bool show_closed) {
  std::vector<SmartAccount> accounts;
  for (const auto& row : transaction.exec_params(kListSmartAccounts, after_id, limit, show_closed)) {
    accounts.push_back(SmartAccountOf(row));
  }
  return accounts;
}

absl::StatusOr<SmartAccount> EnsureSmartAccount(pqxx::transaction_base& transaction,
                                                const std::string& domain, const std::string& display_name,
                                                bool is_default, absl::Time now) {
  const pqxx::result inserted =
      transaction.exec_params(kInsertSmartAccount, domain, display_name, is_default, TimeText(now));
  if (!inserted.empty()) {
    transaction.exec_params(kInsertVirtualAccount, inserted[0][0].as<int64_t>(), "Default", "", true,
                            TimeText(now));
  }
  // A replica that lost the race for the default account finds the winner's.
  const pqxx::result rows = is_default ? transaction.exec(kDefaultSmartAccount)
                                       : transaction.exec_params(kFindSmartAccount, domain);
  if (rows.empty()) return SmartAccountUnknown(domain);
  SmartAccount account = SmartAccountOf(rows[0]);
  if (account.closed_at) return SmartAccountClosed(account.domain);
  if (!is_default && account.display_name != display_name)
    return SmartAccountExists(domain, account.display_name);
  return account;
}

absl::StatusOr<VirtualAccount> FindVirtualAccount(pqxx::transaction_base& transaction,
                                                  int64_t smart_account_id, const std::string& name,
                                                  const char* field) {
  const pqxx::result rows = transaction.exec_params(kFindVirtualAccount, smart_account_id, name);
  if (rows.empty()) return VirtualAccountUnknown(field, name);
  return VirtualAccountOf(rows[0]);
}

int64_t DefaultVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  return transaction.exec_params1(kDefaultVirtualAccount, smart_account_id)[0].as<int64_t>();
}

std::vector<VirtualAccount> ListVirtualAccounts(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                int64_t after_id, int limit, bool show_closed) {
  std::vector<VirtualAccount> accounts;
  for (const auto& row :
       transaction.exec_params(kListVirtualAccounts, smart_account_id, after_id, limit, show_closed)) {
    accounts.push_back(VirtualAccountOf(row));
  }
  return accounts;
}

VirtualAccount EnsureVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    const std::string& name, const std::string& description, absl::Time now) {
  transaction.exec_params(kInsertVirtualAccount, smart_account_id, name, description, false, TimeText(now));
  return VirtualAccountOf(transaction.exec_params1(kFindVirtualAccount, smart_account_id, name));
}

std::map<std::string, int64_t> VirtualAccountIds(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id,
                                                 const std::set<std::string>& names) {
  std::map<std::string, int64_t> ids;
  const std::vector<std::string> wanted(names.begin(), names.end());
  for (const auto& row :
       transaction.exec_params(kFindVirtualAccountIds, smart_account_id, TextArray(wanted))) {
    ids[row[0].as<std::string>()] = row[1].as<int64_t>();
  }
  return ids;
}

void RenameSmartAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                        const std::string& display_name) {
  transaction.exec_params(kRenameSmartAccount, smart_account_id, display_name);
}

void CloseSmartAccount(pqxx::transaction_base& transaction, int64_t smart_account_id, absl::Time now) {
  transaction.exec_params(kCloseSmartAccount, smart_account_id, TimeText(now));
  transaction.exec_params(kCloseVirtualAccounts, smart_account_id, TimeText(now));
}

std::optional<std::string> ClosedDomainOf(pqxx::transaction_base& transaction, int64_t smart_account_id) {
  const pqxx::result rows = transaction.exec_params(kClosedDomain, smart_account_id);
  if (rows.empty()) return std::nullopt;
  return rows[0][0].as<std::string>();
}

std::optional<std::string> AnyClosed(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     const std::set<int64_t>& virtual_account_ids) {
  const pqxx::result rows = transaction.exec_params(
      kAnyClosed, smart_account_id, IntArray({virtual_account_ids.begin(), virtual_account_ids.end()}));
  if (rows.empty()) return std::nullopt;
  return rows[0][0].as<std::string>();
}

void UpdateVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          const VirtualAccount& account) {
  transaction.exec_params(kUpdateVirtualAccount, smart_account_id, account.id, account.name,
                          account.description, account.responsible, account.deputy);
}

void SetDefaultVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              int64_t virtual_account_id) {
  transaction.exec_params(kClearDefault, smart_account_id);
  transaction.exec_params(kSetDefault, smart_account_id, virtual_account_id);
}

void CloseVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         int64_t virtual_account_id, int64_t into, absl::Time now) {
  transaction.exec_params(kCloseVirtualAccount, smart_account_id, virtual_account_id, TimeText(now), into);
  StampRights(transaction, smart_account_id);
}

AccountContent ReadContent(pqxx::transaction_base& transaction, int64_t smart_account_id,
                           int64_t virtual_account_id) {
  const pqxx::row row = transaction.exec_params1(kReadContent, smart_account_id, virtual_account_id);
  return {row[0].as<int64_t>(), row[1].as<int64_t>(), row[2].as<int64_t>(), row[3].as<int64_t>(),
          row[4].as<int64_t>()};
}

std::vector<int64_t> InstancesAtHome(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     int64_t virtual_account_id, UdiText& after, int64_t limit) {
  std::vector<int64_t> ids;
  const pqxx::result rows = transaction.exec_params(kInstancesAtHome, smart_account_id, virtual_account_id,
                                                    after.product_id, after.serial_number, limit);
  for (const auto& row : rows) ids.push_back(row[0].as<int64_t>());
  if (!rows.empty()) after = {rows.back()[1].as<std::string>(), rows.back()[2].as<std::string>()};
  return ids;
}

std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id) {
  std::map<int64_t, std::string> names;
  for (const auto& row : transaction.exec_params(
           "SELECT virtual_account_id, name FROM virtual_accounts WHERE smart_account_id = $1",
           smart_account_id)) {
    names[row[0].as<int64_t>()] = row[1].as<std::string>();
  }
  return names;
}

std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id,
                                                   const std::set<int64_t>& virtual_account_ids) {
  std::map<int64_t, std::string> names;
  for (const auto& row : transaction.exec_params(
           "SELECT virtual_account_id, name FROM virtual_accounts"
           " WHERE smart_account_id = $1 AND virtual_account_id = ANY ($2::bigint[])",
           smart_account_id, IntArray({virtual_account_ids.begin(), virtual_account_ids.end()}))) {
    names[row[0].as<int64_t>()] = row[1].as<std::string>();
  }
  return names;
}

}  // namespace quartermaster::ledger
