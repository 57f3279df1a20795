// Rows of smart_accounts and virtual_accounts.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ACCOUNT_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ACCOUNT_BOOK_H_

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace quartermaster::ledger {

struct SmartAccount {
  int64_t id = 0;
  std::string domain;
  std::string display_name;
  bool count_unverifiable = true;
  absl::Time created_at;
};

struct VirtualAccount {
  int64_t id = 0;
  std::string name;
  std::string description;
  bool is_default = false;
  absl::Time created_at;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// By domain or display name, without case; empty = the default one. `ledger.smart_account_unknown`.
absl::StatusOr<SmartAccount> FindSmartAccount(pqxx::transaction_base& transaction, const std::string& named);
// Ordered by id, after `after_id`.
std::vector<SmartAccount> ListSmartAccounts(pqxx::transaction_base& transaction, int64_t after_id, int limit);
// Makes it with its default Virtual Account "Default"; what exists with the same name is returned,
// with another name `ledger.smart_account_exists`. `is_default` for the node's first one.
absl::StatusOr<SmartAccount> EnsureSmartAccount(pqxx::transaction_base& transaction,
                                                const std::string& domain, const std::string& display_name,
                                                bool is_default, absl::Time now);

// Of these names the ones that are Virtual Accounts of this Smart Account. Case does not matter, by the
// database's rule as everywhere.
std::map<std::string, int64_t> VirtualAccountIds(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id,
                                                 const std::set<std::string>& names);

// By name without case; `field` names it in the error `ledger.virtual_account_unknown`.
absl::StatusOr<VirtualAccount> FindVirtualAccount(pqxx::transaction_base& transaction,
                                                  int64_t smart_account_id, const std::string& name,
                                                  const char* field);
std::vector<VirtualAccount> ListVirtualAccounts(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                int64_t after_id, int limit);
// What exists with the same name is returned as it is.
VirtualAccount EnsureVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    const std::string& name, const std::string& description, absl::Time now);
// Names by id.
std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id);
// Of these only; 0 and unknown ones have none.
std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id,
                                                   const std::set<int64_t>& virtual_account_ids);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ACCOUNT_BOOK_H_
