// The rights book in the database: what lies where, and the one way of every movement of rights.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_RIGHTS_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_RIGHTS_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// Rights of one Smart Account have one writer at a time: holds them until the transaction ends.
void LockRights(pqxx::transaction_base& transaction, int64_t smart_account_id);

// What lies in these pools, and what is consumed of those whose license is enforced. Under LockRights it
// stays true for the rest of the transaction.
RightsBook ReadRights(pqxx::transaction_base& transaction, int64_t smart_account_id,
                      const std::set<RightsPool>& pools);

struct BookedMovement {
  RightsMovement movement;
  absl::Time effective_at;
};
// Books movements as one change: its head, its entries, and the balances. Returns the change's id.
// `reverses`: the change that this one undoes; each can be undone once.
int64_t BookMovements(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                      std::span<const BookedMovement> movements, const Act& act,
                      std::optional<int64_t> reverses = std::nullopt);

struct StoredMovements {
  ChangeKind kind = ChangeKind::kAdministration;
  // The change that undid it.
  std::optional<int64_t> reversed_by;
  std::vector<RightsMovement> movements;
};
// Nothing when the account has no such change.
std::optional<StoredMovements> ReadMovements(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                             int64_t change_id);

// Lots by the ids of their entitlements, of those that exist.
std::map<std::string, int64_t> LotsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      const std::vector<std::string>& entitlement_ids);

// What a lot id means to people.
struct LotNames {
  std::string entitlement_id;
  std::string tag;
};
std::map<int64_t, LotNames> NamesOfLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                        const std::vector<int64_t>& lot_ids);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_RIGHTS_STORE_H_
