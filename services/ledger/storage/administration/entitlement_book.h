// The rights book as purchases write it: entitlements, their lots' balances and entries.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENTITLEMENT_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENTITLEMENT_BOOK_H_

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// A purchased right; its lot keeps these dates wherever its quantity goes.
struct PurchasedEntitlement {
  std::string entitlement_id;
  int64_t virtual_account_id = 0;
  std::string tag;
  int64_t quantity = 0;
  int64_t overage_quantity = 0;
  int term = 1;  // 1 perpetual, 2 subscription
  absl::Time start_at;
  std::optional<absl::Time> end_at;  // half-open
  std::string subscription_id;
  std::string order_id;
};

// All functions run in the caller's transaction and throw what libpqxx throws.

std::map<std::string, PurchasedEntitlement> FindEntitlements(pqxx::transaction_base& transaction,
                                                             int64_t smart_account_id,
                                                             const std::vector<std::string>& entitlement_ids);

// Books purchases (none of them is there yet): one movement source -> available per lot, effective
// from its start. Entries of all of them are one change.
void BookPurchases(pqxx::transaction_base& transaction, int64_t smart_account_id,
                   const std::vector<PurchasedEntitlement>& purchases, const Act& act);

struct EntitlementFilter {
  int64_t smart_account_id = 0;
  std::optional<int64_t> virtual_account_id;
  std::string tag;  // empty = any
  std::string after_entitlement_id;
  int limit = 100;
};
// In the order of their ids.
std::vector<PurchasedEntitlement> ListEntitlements(pqxx::transaction_base& transaction,
                                                   const EntitlementFilter& filter);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_ENTITLEMENT_BOOK_H_
