// The rights of one Smart Account: which quantity of which lot lies in which Virtual Account, and in
// which state. Decides what may move, and says how; it knows no database and no clock.
//
// A lot is what one purchase brought; it keeps its dates wherever its quantity goes. A pool is what a
// Virtual Account has of one tag. Which lots a movement takes is a rule, not a choice: those in force, in the
// account's consumption order.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_RIGHTS_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_RIGHTS_BOOK_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/consumption_order.h"
#include "services/ledger/domain/entry_states.h"

namespace quartermaster::ledger {

// Stored values of entitlements.term and license_tags.term.
enum class Term : int16_t { kPerpetual = 1, kSubscription = 2 };

struct Lot {
  int64_t lot_id = 0;
  int32_t tag_id = 0;
  Term term = Term::kPerpetual;
  // In force: start <= time < end.
  absl::Time start_at;
  absl::Time end_at = absl::InfiniteFuture();
};

struct RightsPool {
  int64_t virtual_account_id = 0;
  int32_t tag_id = 0;
  auto operator<=>(const RightsPool&) const = default;
};

// Where a quantity lies. What was never bought, or is no right any more, lies in no Virtual Account (0).
struct RightsPlace {
  EntryState state = EntryState::kSource;
  int64_t virtual_account_id = 0;
  auto operator<=>(const RightsPlace&) const = default;
};

struct RightsMovement {
  int64_t lot_id = 0;
  int32_t tag_id = 0;
  // At least 1.
  int64_t quantity = 0;
  RightsPlace from, to;
  auto operator<=>(const RightsMovement&) const = default;
};

// `quantity` of a tag from one Virtual Account to another.
struct TransferLine {
  RightsPool from;
  int64_t to_virtual_account_id = 0;
  int64_t quantity = 0;
  // Only lots of this term, only this lot; absent = any.
  std::optional<Term> term;
  std::optional<int64_t> lot_id;
};

// `quantity` of a pool, to be held for one consumer. `consumes_more`: by how much the pool's consumption
// grows with it; less than `quantity` where the consumer already reports use that nothing authorised.
struct HoldLine {
  RightsPool pool;
  int64_t quantity = 0;
  int64_t consumes_more = 0;
};

// What an authorization has of one lot.
struct LotShare {
  RightsPool pool;
  int64_t lot_id = 0;
  int64_t quantity = 0;
  auto operator<=>(const LotShare&) const = default;
};

// Why nothing moved: line `line` (from 0) wants more than the `available` that may leave its pool.
struct Shortage {
  size_t line = 0;
  int64_t available = 0;
  bool operator==(const Shortage&) const = default;
};

// Not thread-safe.
class RightsBook {
 public:
  explicit RightsBook(ConsumptionOrder order = ConsumptionOrder::kLongestTermFirst) : order_(order) {}

  // What storage knows. A pool is known when its lots were added; nothing moves out of others.
  void AddLot(const Lot& lot);
  void AddKnownPool(RightsPool pool);
  // The pool must be known, the lot added. `state` is available, held or reserved.
  void AddQuantity(RightsPool pool, int64_t lot_id, EntryState state, int64_t quantity);
  bool Knows(RightsPool pool) const { return pools_.contains(pool); }
  size_t lot_count() const { return lots_.size(); }

  // Of a pool whose license is enforced or export-controlled: what is consumed there. It is never
  // overdrawn: no more leaves than is entitled beyond that.
  void SetConsumed(RightsPool pool, int64_t consumed) { consumed_[pool] = consumed; }
  // Consumption and enforcement change without a movement of rights: who keeps a book forgets them.
  void ForgetConsumed() { consumed_.clear(); }

  // Moves all lines, one after the other, or nothing. Appends what moved to `moved`.
  std::optional<Shortage> Transfer(std::span<const TransferLine> lines, absl::Time now,
                                   std::vector<RightsMovement>& moved);

  // Moves everything back, the last first, or nothing: each quantity must still lie where it was moved to, in
  // a lot that has not ended: what has ended stays where it was then. The lots must be known. `line` of the
  // answer is the movement that cannot be undone.
  std::optional<Shortage> Reverse(std::span<const RightsMovement> movements, absl::Time now,
                                  std::vector<RightsMovement>& moved);

  // Two-phase authorization (rights_holds.cc). Each moves everything or nothing, within its pool.
  // available -> held. Never more than the balance allows, whatever the license: what is entitled less what
  // is consumed, which SetConsumed must have said of each pool; one of which it did not gives nothing.
  std::optional<Shortage> Hold(std::span<const HoldLine> lines, absl::Time now,
                               std::vector<RightsMovement>& moved);
  // held -> reserved. Refused when a lot has ended meanwhile.
  std::optional<Shortage> Commit(std::span<const LotShare> shares, absl::Time now,
                                 std::vector<RightsMovement>& moved);
  // held -> available, reserved -> available. Of a lot that has ended as much as still lies there.
  std::optional<Shortage> CancelHold(std::span<const LotShare> shares, absl::Time now,
                                     std::vector<RightsMovement>& moved);
  std::optional<Shortage> Return(std::span<const LotShare> shares, absl::Time now,
                                 std::vector<RightsMovement>& moved);

  // Of one lot in one place; 0 where nothing lies.
  int64_t Quantity(RightsPool pool, int64_t lot_id, EntryState state) const;

 private:
  // In the order in which lots are taken.
  struct LotOrder {
    LotRank rank;
    absl::Time end_at;
    absl::Time start_at() const { return rank.start_at; }
    int64_t lot_id() const { return rank.lot_id; }
    bool operator<(const LotOrder& other) const { return rank < other.rank; }
  };
  struct Quantities {
    int64_t available = 0;
    int64_t held = 0;
    int64_t reserved = 0;
    int64_t& Of(EntryState state);
    int64_t total() const { return available + held + reserved; }
    bool operator==(const Quantities&) const = default;
  };
  using PoolLots = std::map<LotOrder, Quantities>;

  LotOrder OrderOf(const Lot& lot) const {
    return {RankOf(order_, lot.start_at, lot.end_at, lot.lot_id), lot.end_at};
  }
  bool HasEnded(int64_t lot_id, absl::Time now) const;
  // How much a line may take from its pool, at most `wanted`, and from which lots.
  int64_t Pick(const TransferLine& line, absl::Time now, std::vector<RightsMovement>& picked) const;
  // What is entitled in a pool now.
  int64_t Entitled(RightsPool pool, absl::Time now) const;
  std::optional<Shortage> HoldOne(const HoldLine& line, size_t number, absl::Time now,
                                  std::vector<RightsMovement>& moved);
  struct StateChange {
    EntryState from, to;
    // Whether a lot that has ended may move, and with less than the share.
    bool ended_lots_may_lack = false;
  };
  std::optional<Shortage> ChangeState(std::span<const LotShare> shares, StateChange change, absl::Time now,
                                      std::vector<RightsMovement>& moved);
  // What may leave a pool without overdrawing it; no bound where the license is not enforced.
  std::optional<int64_t> Free(RightsPool pool, absl::Time now) const;
  void Change(RightsPlace place, const RightsMovement& movement, int64_t quantity);
  void Move(const RightsMovement& movement);
  // As if the movements after the first `keep` had never been.
  void TakeBack(std::vector<RightsMovement>& moved, size_t keep);

  ConsumptionOrder order_;
  std::unordered_map<int64_t, Lot> lots_;
  std::map<RightsPool, PoolLots> pools_;
  std::map<RightsPool, int64_t> consumed_;
};

// The same movement the other way.
RightsMovement Reversed(const RightsMovement& movement);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_RIGHTS_BOOK_H_
