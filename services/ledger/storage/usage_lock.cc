#include "services/ledger/storage/usage_lock.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

// For the rest of the transaction.
constexpr char kSetLockTimeout[] = "SELECT set_config('lock_timeout', $1, true)";
constexpr char kSelectCursor[] = "SELECT incarnation, xid, change_id FROM ledger_cursors WHERE consumer = $1";
constexpr char kLockNotAvailable[] = "55P03";

absl::Status SetLockTimeout(pg::RawConnection& connection, absl::Duration wait) {
  pg::Params params;
  params.AddText(absl::StrCat(absl::ToInt64Milliseconds(wait), "ms"));
  return connection.Execute(kSetLockTimeout, params).status();
}

}  // namespace

absl::StatusOr<pg::FeedPosition> LockJobCursor(pg::RawConnection& connection, const char* consumer,
                                               absl::Time now, absl::Duration wait) {
  RETURN_IF_ERROR(SetLockTimeout(connection, wait));
  absl::StatusOr<pg::FeedPosition> position = pg::LockCursor(connection, kLedgerCursors, consumer, now);
  if (!position.ok()) {
    return pg::SqlStateOf(position.status()) == kLockNotAvailable ? Busy(consumer) : position.status();
  }
  RETURN_IF_ERROR(SetLockTimeout(connection, absl::ZeroDuration()));
  return position;
}

absl::StatusOr<pg::FeedPosition> LockUsageBooks(pg::RawConnection& connection, absl::Time now,
                                                absl::Duration wait) {
  return LockJobCursor(connection, kApplyReportsCursor, now, wait);
}

absl::StatusOr<pg::FeedPosition> PeekJobCursor(pg::RawConnection& connection, const char* consumer) {
  pg::Params params;
  params.AddText(consumer);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectCursor, params));
  if (result.rows() == 0) return pg::FeedPosition{};
  return pg::FeedPosition{result.Int32(0, 0), result.Xid(0, 1), result.Int64(0, 2)};
}

}  // namespace quartermaster::ledger
