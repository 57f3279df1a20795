#include "services/ledger/domain/rights_book.h"

#include <algorithm>
#include <utility>

namespace quartermaster::ledger {

RightsMovement Reversed(const RightsMovement& movement) {
  RightsMovement reversed = movement;
  std::swap(reversed.from, reversed.to);
  return reversed;
}

int64_t& RightsBook::Quantities::Of(EntryState state) {
  switch (state) {
    case EntryState::kHeld:
      return held;
    case EntryState::kReserved:
      return reserved;
    default:
      return available;
  }
}

void RightsBook::AddLot(const Lot& lot) { lots_.insert_or_assign(lot.lot_id, lot); }

void RightsBook::AddKnownPool(RightsPool pool) { pools_[pool]; }

void RightsBook::AddQuantity(RightsPool pool, int64_t lot_id, EntryState state, int64_t quantity) {
  pools_[pool][OrderOf(lots_.at(lot_id))].Of(state) += quantity;
}

int64_t RightsBook::Quantity(RightsPool pool, int64_t lot_id, EntryState state) const {
  const auto lots = pools_.find(pool);
  const auto lot = lots_.find(lot_id);
  if (lots == pools_.end() || lot == lots_.end()) return 0;
  const auto found = lots->second.find(OrderOf(lot->second));
  if (found == lots->second.end()) return 0;
  Quantities quantities = found->second;
  return quantities.Of(state);
}

int64_t RightsBook::Entitled(RightsPool pool, absl::Time now) const {
  const auto lots = pools_.find(pool);
  if (lots == pools_.end()) return 0;
  int64_t entitled = 0;
  for (const auto& [order, quantities] : lots->second) {
    if (order.start_at() <= now && now < order.end_at) entitled += quantities.total();
  }
  return entitled;
}

std::optional<int64_t> RightsBook::Free(RightsPool pool, absl::Time now) const {
  const auto consumed = consumed_.find(pool);
  if (consumed == consumed_.end()) return std::nullopt;
  return std::max<int64_t>(0, Entitled(pool, now) - consumed->second);
}

int64_t RightsBook::Pick(const TransferLine& line, absl::Time now,
                         std::vector<RightsMovement>& picked) const {
  const auto lots = pools_.find(line.from);
  if (lots == pools_.end()) return 0;
  int64_t left = line.quantity;
  if (const std::optional<int64_t> free = Free(line.from, now)) left = std::min(left, *free);
  const int64_t wanted = left;
  for (const auto& [order, quantities] : lots->second) {
    if (left == 0) break;
    const Lot& lot = lots_.at(order.lot_id());
    // Who names a lot may move one that has not begun; nobody moves one that has ended.
    const bool begun = lot.start_at <= now || line.lot_id.has_value();
    if (!begun || lot.end_at <= now || quantities.available <= 0) continue;
    if (line.lot_id.value_or(lot.lot_id) != lot.lot_id || line.term.value_or(lot.term) != lot.term) continue;
    const int64_t taken = std::min(left, quantities.available);
    picked.push_back({.lot_id = lot.lot_id,
                      .tag_id = lot.tag_id,
                      .quantity = taken,
                      .from = {EntryState::kAvailable, line.from.virtual_account_id},
                      .to = {EntryState::kAvailable, line.to_virtual_account_id}});
    left -= taken;
  }
  return wanted - left;
}

bool RightsBook::HasEnded(int64_t lot_id, absl::Time now) const {
  const auto lot = lots_.find(lot_id);
  return lot != lots_.end() && lot->second.end_at <= now;
}

void RightsBook::Change(RightsPlace place, const RightsMovement& movement, int64_t quantity) {
  if (place.virtual_account_id == 0) return;
  const RightsPool pool{place.virtual_account_id, movement.tag_id};
  AddQuantity(pool, movement.lot_id, place.state, quantity);
  // What was used up is not walked over again.
  PoolLots& lots = pools_[pool];
  const auto lot = lots.find(OrderOf(lots_.at(movement.lot_id)));
  if (lot->second == Quantities{}) lots.erase(lot);
}

void RightsBook::Move(const RightsMovement& movement) {
  Change(movement.from, movement, -movement.quantity);
  Change(movement.to, movement, movement.quantity);
}

void RightsBook::TakeBack(std::vector<RightsMovement>& moved, size_t keep) {
  while (moved.size() > keep) {
    Move(Reversed(moved.back()));
    moved.pop_back();
  }
}

std::optional<Shortage> RightsBook::Transfer(std::span<const TransferLine> lines, absl::Time now,
                                             std::vector<RightsMovement>& moved) {
  const size_t before = moved.size();
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t first = moved.size();
    const int64_t available = Pick(lines[i], now, moved);
    if (available < lines[i].quantity) {
      moved.resize(first);
      TakeBack(moved, before);
      return Shortage{.line = i, .available = available};
    }
    for (size_t picked = first; picked < moved.size(); ++picked) Move(moved[picked]);
  }
  return std::nullopt;
}

std::optional<Shortage> RightsBook::Reverse(std::span<const RightsMovement> movements, absl::Time now,
                                            std::vector<RightsMovement>& moved) {
  const size_t before = moved.size();
  for (size_t i = movements.size(); i-- > 0;) {
    const RightsMovement back = Reversed(movements[i]);
    if (HasEnded(back.lot_id, now)) {
      TakeBack(moved, before);
      return Shortage{.line = i, .available = 0};
    }
    if (back.from.virtual_account_id != 0) {
      const RightsPool pool{back.from.virtual_account_id, back.tag_id};
      int64_t available = Quantity(pool, back.lot_id, back.from.state);
      // What leaves for another Virtual Account must be free here; what is no right any more need not.
      const bool leaves =
          back.to.virtual_account_id != 0 && back.to.virtual_account_id != pool.virtual_account_id;
      if (const std::optional<int64_t> free = Free(pool, now); leaves && free.has_value()) {
        available = std::min(available, *free);
      }
      if (available < back.quantity) {
        TakeBack(moved, before);
        return Shortage{.line = i, .available = std::max<int64_t>(0, available)};
      }
    }
    Move(back);
    moved.push_back(back);
  }
  return std::nullopt;
}

}  // namespace quartermaster::ledger
