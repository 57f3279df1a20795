// How far behind ingest's feed the books are, and what keeps the feed from being read.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_FEED_STATE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_FEED_STATE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

struct FeedState {
  // When the oldest change was received that is committed and not applied, whether it lies below the
  // snapshot horizon (services/common/pg/change_feed.h) or not. Absent = all are applied.
  std::optional<absl::Time> oldest_unapplied;
  // The oldest transaction of the server that is under way: no change from it on can be read. Absent =
  // there is none.
  std::optional<uint64_t> holding_xid;
};

absl::StatusOr<FeedState> ReadFeedState(pg::RawConnection& connection);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_FEED_STATE_H_
