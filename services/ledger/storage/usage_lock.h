// The lock of the usage books. Everything that writes product instances, timelines, pools or usage
// movements holds the row of the cursor "apply_reports" for the length of its transaction, so these
// tables have one writer at a time, whatever replica it runs in: no deadlocks, and no two opinions
// of a timeline. It is held for some tens of milliseconds.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_LOCK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_LOCK_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

inline constexpr char kLedgerCursors[] = "ledger_cursors";
inline constexpr char kApplyReportsCursor[] = "apply_reports";
// No cursor, a counter beside them: how often product instances that exist were moved or put under another
// name. What the apply job remembers of them is true while it stands still. Changed under the lock.
inline constexpr char kHomesCounter[] = "homes";

// Within a transaction: locks, waiting at most `wait`, then `ledger.busy`. Returns how far the reports
// are applied.
absl::StatusOr<pg::FeedPosition> LockUsageBooks(pg::RawConnection& connection, absl::Time now,
                                                absl::Duration wait);

// LockUsageBooks for the cursor of another job.
absl::StatusOr<pg::FeedPosition> LockJobCursor(pg::RawConnection& connection, const char* consumer,
                                               absl::Time now, absl::Duration wait);

// Where the cursor of a job stands, without its lock and so perhaps a moment ago. Costs no commit:
// look first, lock only when there is something to do.
absl::StatusOr<pg::FeedPosition> PeekJobCursor(pg::RawConnection& connection, const char* consumer);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_LOCK_H_
