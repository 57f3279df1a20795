// One transaction at a time under the lock of the usage books, for the jobs that are not the apply
// job: release, policy switches, acknowledgements. Connects again after a failure.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_USAGE_SESSION_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_USAGE_SESSION_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// Not thread-safe.
class UsageSession {
 public:
  explicit UsageSession(pg::Options database) : database_(std::move(database)) {}

  // Whether there is anything to do, asked outside of any transaction and without the lock: a job
  // that finds nothing costs no commit and keeps nobody waiting.
  absl::StatusOr<bool> Look(absl::FunctionRef<absl::StatusOr<bool>(pg::RawConnection&)> body);

  // Runs `body` within a transaction that holds the lock, and commits when it returns OK;
  // else, also when it throws, nothing of it happened.
  // `ledger.busy` when the lock is not to be had within five seconds.
  absl::Status Transact(absl::Time now,
                        absl::FunctionRef<absl::Status(pg::RawConnection&, int32_t incarnation)> body);

 private:
  absl::Status Connect();

  const pg::Options database_;
  std::unique_ptr<pg::RawConnection> connection_;
  int32_t incarnation_ = 0;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_USAGE_SESSION_H_
