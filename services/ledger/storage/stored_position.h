// A row of usage_positions with its timeline.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_STORED_POSITION_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_STORED_POSITION_H_

#include <compare>
#include <cstdint>
#include <utility>

#include "services/ledger/domain/usage_timeline.h"

namespace quartermaster::ledger {

// A consumer and a tag.
struct PositionKey {
  int64_t smart_account_id = 0;
  int64_t consumer_id = 0;
  int32_t tag_id = 0;
  auto operator<=>(const PositionKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const PositionKey& key) {
    return H::combine(std::move(h), key.smart_account_id, key.consumer_id, key.tag_id);
  }
};

// Bits of usage_positions.flags.
enum PositionFlag : int32_t {
  kPositionClockSuspect = 1,
  kPositionUnverifiable = 2,
  kPositionNotCounted = 4,
  kPositionHasGap = 8,
  kPositionHasUnverifiable = 16,
  // The last measurement that arrived is a clock suspect: its finding is open.
  kPositionSuspectArrived = 32,
};

struct StoredPosition {
  PositionKey key;
  int64_t virtual_account_id = 0;
  bool suspect_arrived = false;
  UsageTimeline timeline;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_STORED_POSITION_H_
