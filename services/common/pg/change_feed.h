// Following another service's change feed without skipping transactions that commit late.
//
// Every writing transaction adds one row per Smart Account to its service's <service>_changes with
// (incarnation, xid, change_id). PostgreSQL exposes no commit order, so a consumer reads in the
// order of that triple and only below the snapshot horizon: rows of an older incarnation, or with
// xid < pg_snapshot_xmin(pg_current_snapshot()). Below it nothing can still appear. After a dump
// was restored into another server the incarnation is higher, and all older rows are visible.
//
// The consumer keeps its position in its own <service>_cursors table and moves it in the
// transaction of the effects; FOR UPDATE on that row is the fence between replicas. NOTIFY on the
// feed's name is only a hint to look.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_CHANGE_FEED_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_CHANGE_FEED_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {

struct FeedPosition {
  int32_t incarnation = 0;
  uint64_t xid = 0;
  int64_t change_id = 0;
  auto operator<=>(const FeedPosition&) const = default;
};

struct Change {
  FeedPosition position;
  int64_t smart_account_id = 0;
  // received_at, recorded_at or issued_at: whichever time column the feed has.
  absl::Time at;
  // How much there is of it: report_count, entry_count or the number of senders.
  int32_t count = 0;
  // digest_bytes; 0 where the feed has none.
  int64_t bytes = 0;
};

// The incarnation that writers stamp on their change rows. Read once per connection.
absl::StatusOr<int32_t> CurrentIncarnation(RawConnection& connection);

// Locks the consumer's row in `cursor_table` (inserting it at the start of the feed when it is
// new) and returns its position. Within the caller's transaction.
absl::StatusOr<FeedPosition> LockCursor(RawConnection& connection, const char* cursor_table,
                                        std::string_view consumer, absl::Time now);

// Within the same transaction.
absl::Status MoveCursor(RawConnection& connection, const char* cursor_table, std::string_view consumer,
                        const FeedPosition& position, absl::Time now);

// Changes after `after` in feed order, below the horizon, at most `limit` rows. `feed` names one
// of the known views: kIngestFeed, kLedgerFeed, kAuthorityFeed.
struct Feed {
  const char* select_sql;  // parameters: incarnation, xid, change_id, limit
  const char* channel;     // NOTIFY channel
};
extern const Feed kIngestFeed;
extern const Feed kLedgerFeed;
extern const Feed kAuthorityFeed;
absl::StatusOr<std::vector<Change>> ReadChanges(RawConnection& connection, const Feed& feed,
                                                const FeedPosition& after, int32_t limit);

// Hints to followers that something was committed. Call it after COMMIT, outside the transaction:
// inside, the server would take its notification lock until the commit is durable, so that writers
// could no longer share a flush. Its failure may be ignored.
absl::Status NotifyFeed(RawConnection& connection, const Feed& feed);

// Waits for NOTIFY on a channel, at most `timeout`. Owns its connection and reconnects; without a
// connection it just sleeps, because a notice is only a hint. Not thread-safe.
class FeedListener {
 public:
  FeedListener(Options options, std::string channel);
  ~FeedListener();
  void Wait(absl::Duration timeout);
  // Wakes a Wait from another thread; thread-safe.
  void Interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_CHANGE_FEED_H_
