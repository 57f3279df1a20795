// The usage book: appends movements and keeps the pools' counters. Under the lock of the usage books.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_BOOKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_BOOKS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/domain/home_history.h"
#include "services/ledger/domain/sealed_block.h"
#include "services/ledger/storage/ledger_change_store.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

// Use of one tag by one consumer, from a date on: `quantity` more or, negative, fewer.
struct UsageMovement {
  int64_t smart_account_id = 0;
  int64_t virtual_account_id = 0;
  int64_t consumer_id = 0;
  int32_t tag_id = 0;
  int64_t effective_s = 0;
  int64_t quantity = 0;
  // The report that caused it, by its place in ingest's feed; 0 = none did.
  int64_t cause_change_id = 0;
  int32_t cause_place = 0;
  // Not 0: as much of it was in use there until then, and moves; nothing is used more or less.
  int64_t from_virtual_account_id = 0;
};
// As it is written and sealed, at this place of its change.
EntryLeaf EntryOf(const UsageMovement& movement, int32_t place);

struct PoolKey {
  int64_t smart_account_id = 0;
  int64_t virtual_account_id = 0;
  int32_t tag_id = 0;
  auto operator<=>(const PoolKey&) const = default;
};

// Collects what one transaction moves, then writes it: one ledger change per Smart Account that was
// touched, its entries, and the sums into the pools.
class UsageBooks {
 public:
  // A change is written for the account even when nothing moves.
  void Touch(int64_t smart_account_id) { movements_[smart_account_id]; }
  // The pool exists from now on, with whatever is in use.
  void TouchPool(const PoolKey& pool) { pools_[pool]; }
  // Use of a time at which the consumer was at home elsewhere is booked there, and moved on from there: of
  // consumers that were moved LearnFormerHomes must have heard.
  void Add(const UsageMovement& movement);
  absl::Status LearnFormerHomes(pg::RawConnection& connection, int64_t smart_account_id,
                                std::span<const int64_t> consumers);
  // What this consumer is authorised to use has changed hands: Write settles it, as it does for everything
  // that moves.
  void TouchAuthorized(const PositionKey& consumer) { authorized_.push_back(consumer); }

  struct Head {
    ChangeKind kind = ChangeKind::kReportsApplied;
    std::string actor;
    std::string request_id;
    absl::Time recorded_at;
  };
  // After the positions are saved.
  absl::Status Write(pg::RawConnection& connection, int32_t incarnation, const Head& head);

  int64_t movement_count() const { return movement_count_; }

 private:
  absl::Status WriteEntries(pg::RawConnection& connection, std::span<const ChangeRow> changes,
                            absl::Time recorded_at);
  absl::Status WritePools(pg::RawConnection& connection);
  absl::Status SettleAuthorized(pg::RawConnection& connection);

  void Append(const UsageMovement& movement);

  std::map<int64_t, std::vector<UsageMovement>> movements_;
  absl::flat_hash_map<int64_t, std::vector<FormerHome>> former_homes_;
  std::map<PoolKey, int64_t> pools_;
  std::vector<PositionKey> authorized_;
  int64_t movement_count_ = 0;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_BOOKS_H_
