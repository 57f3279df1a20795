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
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

struct SmartAccount {
  int64_t id = 0;
  std::string domain;
  std::string display_name;
  bool count_unverifiable = true;
  absl::Time created_at;
  bool is_default = false;
  std::optional<absl::Time> closed_at;
};

struct VirtualAccount {
  int64_t id = 0;
  std::string name;
  std::string description;
  bool is_default = false;
  absl::Time created_at;
  // Names of API clients; empty = nobody.
  std::string responsible, deputy;
  std::optional<absl::Time> closed_at;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

// By domain or display name, without case, open ones first; empty = the default one.
// `ledger.smart_account_unknown`.
absl::StatusOr<SmartAccount> FindSmartAccount(pqxx::transaction_base& transaction, const std::string& named);
// Ordered by id, after `after_id`.
std::vector<SmartAccount> ListSmartAccounts(pqxx::transaction_base& transaction, int64_t after_id, int limit,
                                            bool show_closed);
void RenameSmartAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                        const std::string& display_name);
// With all its Virtual Accounts.
void CloseSmartAccount(pqxx::transaction_base& transaction, int64_t smart_account_id, absl::Time now);
// Makes it with its default Virtual Account "Default"; what exists with the same name is returned,
// with another name `ledger.smart_account_exists`, what is closed `ledger.smart_account_closed`. `is_default`
// for the node's first one.
absl::StatusOr<SmartAccount> EnsureSmartAccount(pqxx::transaction_base& transaction,
                                                const std::string& domain, const std::string& display_name,
                                                bool is_default, absl::Time now);

// Virtual Accounts that are closed have no name here: it may be another one's by now. To be sure that what
// was found open stays so, hold LockRights or LockInstances first: who closes one holds both.

// Of these names the ones that are Virtual Accounts of this Smart Account. Case does not matter, by the
// database's rule as everywhere.
std::map<std::string, int64_t> VirtualAccountIds(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id,
                                                 const std::set<std::string>& names);

// By name without case; `field` names it in the error `ledger.virtual_account_unknown`.
absl::StatusOr<VirtualAccount> FindVirtualAccount(pqxx::transaction_base& transaction,
                                                  int64_t smart_account_id, const std::string& name,
                                                  const char* field);
// Every Smart Account has one.
int64_t DefaultVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id);
std::vector<VirtualAccount> ListVirtualAccounts(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                                int64_t after_id, int limit, bool show_closed);
// What exists with the same name is returned as it is.
VirtualAccount EnsureVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    const std::string& name, const std::string& description, absl::Time now);
// The domain of a Smart Account that is closed; nothing when it is open.
std::optional<std::string> ClosedDomainOf(pqxx::transaction_base& transaction, int64_t smart_account_id);
// The name of one of these that is closed.
std::optional<std::string> AnyClosed(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     const std::set<int64_t>& virtual_account_ids);
// Writes name, description, responsible and deputy of account.id.
void UpdateVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          const VirtualAccount& account);
void SetDefaultVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              int64_t virtual_account_id);
// Its content went into another one.
void CloseVirtualAccount(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         int64_t virtual_account_id, int64_t into, absl::Time now);

// What is in a Virtual Account, or in all of a Smart Account.
struct AccountContent {
  int64_t entitlements = 0;  // lots of which any quantity is there
  // Quantities that are promised to somebody.
  int64_t held = 0;
  int64_t reserved = 0;
  int64_t product_instances = 0;
  int64_t removed_product_instances = 0;
};
// 0: of the whole Smart Account.
AccountContent ReadContent(pqxx::transaction_base& transaction, int64_t smart_account_id,
                           int64_t virtual_account_id);
// Product instances at home there, removed ones too, at most `limit`, in the order of their UDIs after
// `after`, which becomes the last one's. Begin with {}.
std::vector<int64_t> InstancesAtHome(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                     int64_t virtual_account_id, UdiText& after, int64_t limit);

// Names by id, of closed ones too.
std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id);
// Of these only; 0 and unknown ones have none.
std::map<int64_t, std::string> VirtualAccountNames(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id,
                                                   const std::set<int64_t>& virtual_account_ids);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ACCOUNT_BOOK_H_
