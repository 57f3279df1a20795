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

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ledger/domain/consumption_order.h"
#include "services/ledger/domain/rights_book.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// Rights of one Smart Account have one writer at a time: holds them until the transaction ends. The answer
// is the stamp of the last one who booked: as long as it stays, so do the lots and where they lie.
int64_t LockRights(pqxx::transaction_base& transaction, int64_t smart_account_id);
// The same for who brings something in: `ledger.smart_account_closed` where it was closed before the lock
// came.
absl::StatusOr<int64_t> LockOpenRights(pqxx::transaction_base& transaction, int64_t smart_account_id);

// For who changes what movements of rights go by: they are read again.
void StampRights(pqxx::transaction_base& transaction, int64_t smart_account_id);

// Which lots go first.
ConsumptionOrder ReadConsumptionOrder(pqxx::transaction_base& transaction, int64_t smart_account_id);

// What lies in these pools. Under LockRights it stays true for the rest of the transaction.
RightsBook ReadRights(pqxx::transaction_base& transaction, int64_t smart_account_id,
                      const std::set<RightsPool>& pools);
// The two halves of it, for who keeps a book. Lots of pools that the book does not know yet; what is consumed
// of those whose license is enforced.
void ReadLots(pqxx::transaction_base& transaction, int64_t smart_account_id,
              const std::set<RightsPool>& pools, RightsBook& book);
void ReadConsumed(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::set<RightsPool>& pools, RightsBook& book);
// These lots, wherever they lie and also when nothing of them is left.
void ReadLotDates(pqxx::transaction_base& transaction, int64_t smart_account_id,
                  const std::set<int64_t>& lot_ids, RightsBook& book);

// Everything that lies in a Virtual Account, each in its state, on its way to another one: also what has
// ended and what is overdrawn, so that nothing is left. Under LockRights.
std::vector<RightsMovement> MovementsOfAll(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                           int64_t from_virtual_account_id, int64_t to_virtual_account_id);

struct BookedMovement {
  RightsMovement movement;
  absl::Time effective_at;
};
// Movements that are one change.
struct RightsChange {
  ChangeKind kind = ChangeKind::kTransfer;
  std::vector<BookedMovement> movements;
  const Act* act = nullptr;
  // The change that this one undoes; each can be undone once.
  std::optional<int64_t> reverses;
};
struct BookedChanges {
  std::vector<int64_t> change_ids;
  // See LockRights.
  int64_t stamp = 0;
};
// The one way of every movement of rights: heads, entries, balances and the stamp.
BookedChanges BookChanges(pqxx::transaction_base& transaction, int64_t smart_account_id,
                          absl::Time recorded_at, std::span<const RightsChange> changes);
// Of one change; answers its id.
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
