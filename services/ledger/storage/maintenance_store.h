// SQL of the jobs beside the apply job: what to release, which policy switches are not posted yet,
// and acknowledgements taken over. Under the lock of the usage books (usage_lock.h).
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_MAINTENANCE_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_MAINTENANCE_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

absl::StatusOr<std::vector<int64_t>> AllSmartAccounts(pg::RawConnection& connection);

struct ReleaseFilter {
  int64_t smart_account_id = 0;
  // Of one consumer; absent = of all.
  std::optional<int64_t> consumer_id;
  // One tag, stale or not; empty = every stale one.
  std::string tag;
};
// Positions with something in use that the filter means, after `after` in the order of their keys. Without
// the lock: what it found may have changed since.
absl::StatusOr<std::vector<PositionKey>> PositionsToRelease(pg::RawConnection& connection,
                                                            const ReleaseFilter& filter,
                                                            const PositionKey& after, int32_t limit);
// Those of `keys` that the filter still means.
absl::StatusOr<std::vector<PositionKey>> StillToRelease(pg::RawConnection& connection,
                                                        const ReleaseFilter& filter,
                                                        std::span<const PositionKey> keys);

// Positions of these consumers with something in use.
absl::StatusOr<std::vector<PositionKey>> PositionsInUse(pg::RawConnection& connection,
                                                        int64_t smart_account_id,
                                                        std::span<const int64_t> consumers);

// The newest switch of an account that has not been posted to all its positions.
struct UnpostedSwitch {
  int64_t smart_account_id = 0;
  absl::Time effective_at;
  // Positions up to here are done.
  PositionKey through;
};
absl::StatusOr<std::optional<UnpostedSwitch>> NextUnpostedSwitch(pg::RawConnection& connection);
absl::Status SavePostedThrough(pg::RawConnection& connection, const UnpostedSwitch& unposted);
// Closes this switch and all before it.
absl::Status MarkSwitchPosted(pg::RawConnection& connection, const UnpostedSwitch& unposted, absl::Time now);

// Sets last_acknowledged_at of the product instances that these changes of the authority name.
absl::Status TakeAcknowledgements(pg::RawConnection& connection, std::span<const pg::Change> changes);

// How far the hostnames that product instances report were taken over.
struct HostnamesTaken {
  absl::Time received_at;
  int64_t sender_id = 0;
};
// What was received before all reports that are not booked yet, and not in the last seconds, in which a
// transaction may still commit: its product instances are known.
absl::StatusOr<absl::Time> HostnamesReadableUntil(pg::RawConnection& connection, absl::Time now);
// Whether there are any after `taken` and before `until`.
absl::StatusOr<bool> AnyHostnames(pg::RawConnection& connection, const HostnamesTaken& taken,
                                  absl::Time until);
// Takes the next `limit` of them over, and moves `taken` on.
absl::Status TakeHostnames(pg::RawConnection& connection, absl::Time until, int32_t limit,
                           HostnamesTaken& taken);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_MAINTENANCE_STORE_H_
