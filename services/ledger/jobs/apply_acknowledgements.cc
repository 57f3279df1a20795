#include "services/ledger/jobs/apply_acknowledgements.h"

#include <algorithm>
#include <vector>

#include "services/common/pg/change_feed.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/storage/maintenance_store.h"
#include "services/ledger/storage/usage_lock.h"

namespace quartermaster::ledger {
namespace {

constexpr char kCursor[] = "apply_acknowledgements";
constexpr int32_t kChangesPerTransaction = 64;
// The lock of the usage books is held for that long only: some 40 ms. One change is never split;
// authority keeps them smaller.
constexpr int64_t kInstancesPerTransaction = 2000;

}  // namespace

absl::StatusOr<int> ApplyAcknowledgements::RunOnce(absl::Time now) {
  ASSIGN_OR_RETURN(const bool any, session_.Look([](pg::RawConnection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const pg::FeedPosition after, PeekJobCursor(connection, kCursor));
    ASSIGN_OR_RETURN(const std::vector<pg::Change> changes,
                     pg::ReadChanges(connection, pg::kAuthorityFeed, after, 1));
    return !changes.empty();
  }));
  if (!any) return 0;
  int taken = 0;
  RETURN_IF_ERROR(session_.Transact(now, [&](pg::RawConnection& connection, int32_t) -> absl::Status {
    ASSIGN_OR_RETURN(const pg::FeedPosition after, pg::LockCursor(connection, kLedgerCursors, kCursor, now));
    ASSIGN_OR_RETURN(std::vector<pg::Change> changes,
                     pg::ReadChanges(connection, pg::kAuthorityFeed, after, kChangesPerTransaction));
    int64_t instances = 0;
    const auto too_many = std::find_if(changes.begin(), changes.end(), [&](const pg::Change& change) {
      instances += change.count;
      return instances > kInstancesPerTransaction && &change != &changes.front();
    });
    changes.erase(too_many, changes.end());
    taken = static_cast<int>(changes.size());
    if (changes.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(TakeAcknowledgements(connection, changes));
    return pg::MoveCursor(connection, kLedgerCursors, kCursor, changes.back().position, now);
  }));
  return taken;
}

}  // namespace quartermaster::ledger
