#include "services/ledger/jobs/usage_session.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "services/common/pg/change_feed.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/storage/apply_session.h"
#include "services/ledger/storage/usage_lock.h"

namespace quartermaster::ledger {
namespace {

constexpr absl::Duration kLockWait = absl::Seconds(5);

}  // namespace

absl::Status UsageSession::Connect() {
  if (connection_ != nullptr && connection_->healthy()) return absl::OkStatus();
  ASSIGN_OR_RETURN(connection_, ConnectForApplying(database_));
  ASSIGN_OR_RETURN(incarnation_, pg::CurrentIncarnation(*connection_));
  return absl::OkStatus();
}

absl::StatusOr<bool> UsageSession::Look(absl::FunctionRef<absl::StatusOr<bool>(pg::RawConnection&)> body) {
  RETURN_IF_ERROR(Connect());
  return body(*connection_);
}

absl::Status UsageSession::Transact(
    absl::Time now, absl::FunctionRef<absl::Status(pg::RawConnection&, int32_t incarnation)> body) {
  RETURN_IF_ERROR(Connect());
  RETURN_IF_ERROR(connection_->Begin());
  // What throws may have left the session amid a statement: without the session nothing of it stays.
  absl::Cleanup hang_up = [this] { connection_.reset(); };
  absl::Status status = LockUsageBooks(*connection_, now, kLockWait).status();
  if (status.ok()) status = body(*connection_, incarnation_);
  std::move(hang_up).Cancel();
  if (status.ok()) return connection_->Commit();
  connection_->Rollback();
  return status;
}

}  // namespace quartermaster::ledger
