// Which rights of a pool go first: for transfers and holds, and for the assignment of use to rights.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_CONSUMPTION_ORDER_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_CONSUMPTION_ORDER_H_

#include <compare>
#include <cstdint>
#include <span>

#include "absl/time/time.h"

namespace quartermaster::ledger {

// Stored values of smart_accounts.consumption_order. Never renumbered.
enum class ConsumptionOrder : int16_t {
  // Perpetual, then the latest end.
  kLongestTermFirst = 1,
  // The soonest end, perpetual last.
  kEarliestEndFirst = 2,
  // Perpetual, then the soonest end.
  kPerpetualFirst = 3,
  // The latest end, perpetual last.
  kPerpetualLast = 4,
};

// Rights of one pool in the order in which they go. Alike ones: who began first, then who came first.
struct LotRank {
  int64_t group = 0;
  int64_t by_end = 0;
  absl::Time start_at;
  int64_t lot_id = 0;
  // Times have no <=> of their own.
  std::strong_ordering operator<=>(const LotRank&) const = default;
  bool operator==(const LotRank&) const = default;
};
// A perpetual right ends in the infinite future.
LotRank RankOf(ConsumptionOrder order, absl::Time start_at, absl::Time end_at, int64_t lot_id);

// A right that covers use: `quantity` of it is in force.
struct CoveringLot {
  LotRank rank;
  int64_t quantity = 0;
  // Filled in.
  int64_t consumed = 0;
};
// Assigns `in_use` to the rights of one pool by their rank. Answers what none of them covers.
int64_t AssignUse(std::span<CoveringLot> lots, int64_t in_use);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_CONSUMPTION_ORDER_H_
