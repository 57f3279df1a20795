#include "services/ledger/jobs/take_hostnames.h"

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr int32_t kPerTransaction = 1000;
// Reports are booked within seconds of their receipt; this is for a ledger that was away.
constexpr absl::Duration kFirstLookBack = absl::Hours(24 * 7);

}  // namespace

absl::StatusOr<bool> TakeHostnamesJob::RunOnce(absl::Time now) {
  if (!taken_.has_value()) taken_ = HostnamesTaken{.received_at = now - kFirstLookBack};
  absl::Time until;
  ASSIGN_OR_RETURN(const bool any, session_.Look([&](pg::RawConnection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(until, HostnamesReadableUntil(connection, now));
    return AnyHostnames(connection, *taken_, until);
  }));
  if (!any) return false;
  HostnamesTaken taken = *taken_;
  RETURN_IF_ERROR(session_.Transact(now, [&](pg::RawConnection& connection, int32_t) {
    return TakeHostnames(connection, until, kPerTransaction, taken);
  }));
  taken_ = taken;
  return true;
}

}  // namespace quartermaster::ledger
