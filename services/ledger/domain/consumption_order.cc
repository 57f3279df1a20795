#include "services/ledger/domain/consumption_order.h"

#include <algorithm>
#include <vector>

namespace quartermaster::ledger {

LotRank RankOf(ConsumptionOrder order, absl::Time start_at, absl::Time end_at, int64_t lot_id) {
  const bool perpetual = end_at == absl::InfiniteFuture();
  // The infinite future is the largest number there is, so its negative is one too.
  const int64_t end_us = absl::ToUnixMicros(end_at);
  LotRank rank{.start_at = start_at, .lot_id = lot_id};
  switch (order) {
    case ConsumptionOrder::kLongestTermFirst:
      rank.by_end = -end_us;
      break;
    case ConsumptionOrder::kEarliestEndFirst:
      rank.by_end = end_us;
      break;
    case ConsumptionOrder::kPerpetualFirst:
      rank.group = perpetual ? 0 : 1;
      rank.by_end = end_us;
      break;
    case ConsumptionOrder::kPerpetualLast:
      rank.group = perpetual ? 1 : 0;
      rank.by_end = -end_us;
      break;
  }
  return rank;
}

int64_t AssignUse(std::span<CoveringLot> lots, int64_t in_use) {
  std::vector<CoveringLot*> by_rank;
  for (CoveringLot& lot : lots) by_rank.push_back(&lot);
  std::sort(by_rank.begin(), by_rank.end(),
            [](const CoveringLot* a, const CoveringLot* b) { return a->rank < b->rank; });
  for (CoveringLot* lot : by_rank) {
    lot->consumed = std::clamp<int64_t>(in_use, 0, std::max<int64_t>(0, lot->quantity));
    in_use -= lot->consumed;
  }
  return in_use;
}

}  // namespace quartermaster::ledger
