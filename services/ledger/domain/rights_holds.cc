// What authorizations and reservations do with the rights of a pool.
#include <algorithm>

#include "services/ledger/domain/rights_book.h"

namespace quartermaster::ledger {

std::optional<Shortage> RightsBook::HoldOne(const HoldLine& line, size_t number, absl::Time now,
                                            std::vector<RightsMovement>& moved) {
  const auto consumed = consumed_.find(line.pool);
  const int64_t free = consumed == consumed_.end() ? 0 : Entitled(line.pool, now) - consumed->second;
  const int64_t covered = line.quantity - line.consumes_more;
  int64_t left = line.quantity;
  const size_t first = moved.size();
  const auto lots = pools_.find(line.pool);
  if (lots != pools_.end()) {
    for (const auto& [order, quantities] : lots->second) {
      if (left == 0) break;
      if (order.start_at() > now || order.end_at <= now || quantities.available <= 0) continue;
      const int64_t taken = std::min(left, quantities.available);
      moved.push_back({.lot_id = order.lot_id(),
                       .tag_id = line.pool.tag_id,
                       .quantity = taken,
                       .from = {EntryState::kAvailable, line.pool.virtual_account_id},
                       .to = {EntryState::kHeld, line.pool.virtual_account_id}});
      left -= taken;
    }
  }
  if (left > 0 || line.consumes_more > free || free < 0) {
    moved.resize(first);
    const int64_t available = free < 0 ? 0 : std::min(line.quantity - left, free + covered);
    return Shortage{.line = number, .available = std::max<int64_t>(0, available)};
  }
  for (size_t picked = first; picked < moved.size(); ++picked) Move(moved[picked]);
  consumed_[line.pool] += line.consumes_more;
  return std::nullopt;
}

std::optional<Shortage> RightsBook::Hold(std::span<const HoldLine> lines, absl::Time now,
                                         std::vector<RightsMovement>& moved) {
  const size_t before = moved.size();
  const auto consumed_before = consumed_;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (const auto shortage = HoldOne(lines[i], i, now, moved)) {
      TakeBack(moved, before);
      consumed_ = consumed_before;
      return shortage;
    }
  }
  return std::nullopt;
}

std::optional<Shortage> RightsBook::ChangeState(std::span<const LotShare> shares, StateChange change,
                                                absl::Time now, std::vector<RightsMovement>& moved) {
  const size_t before = moved.size();
  for (size_t i = 0; i < shares.size(); ++i) {
    const LotShare& share = shares[i];
    const auto lot = lots_.find(share.lot_id);
    const bool ended = lot != lots_.end() && lot->second.end_at <= now;
    const int64_t lying = std::max<int64_t>(0, Quantity(share.pool, share.lot_id, change.from));
    const bool short_of_it = lying < share.quantity;
    if (change.ended_lots_may_lack ? (short_of_it && !ended) : (short_of_it || ended)) {
      TakeBack(moved, before);
      return Shortage{.line = i, .available = ended ? 0 : lying};
    }
    const int64_t quantity = std::min(lying, share.quantity);
    if (quantity == 0) continue;
    moved.push_back({.lot_id = share.lot_id,
                     .tag_id = share.pool.tag_id,
                     .quantity = quantity,
                     .from = {change.from, share.pool.virtual_account_id},
                     .to = {change.to, share.pool.virtual_account_id}});
    Move(moved.back());
  }
  return std::nullopt;
}

std::optional<Shortage> RightsBook::Commit(std::span<const LotShare> shares, absl::Time now,
                                           std::vector<RightsMovement>& moved) {
  return ChangeState(shares, {EntryState::kHeld, EntryState::kReserved}, now, moved);
}

std::optional<Shortage> RightsBook::CancelHold(std::span<const LotShare> shares, absl::Time now,
                                               std::vector<RightsMovement>& moved) {
  return ChangeState(shares, {EntryState::kHeld, EntryState::kAvailable, true}, now, moved);
}

std::optional<Shortage> RightsBook::Return(std::span<const LotShare> shares, absl::Time now,
                                           std::vector<RightsMovement>& moved) {
  return ChangeState(shares, {EntryState::kReserved, EntryState::kAvailable, true}, now, moved);
}

}  // namespace quartermaster::ledger
