// Rights follow their product instance into an HA set whose lead is at home elsewhere.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_MOVE_JOINED_RIGHTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_MOVE_JOINED_RIGHTS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ledger {

// Thread-safe. Replicas may all run it: both locks are taken, and who comes second finds nothing to do.
class MoveJoinedRightsJob {
 public:
  // The pool must outlive the job.
  explicit MoveJoinedRightsJob(pg::Pool& pool) : pool_(pool) {}

  // A transaction for each product instance; whether it did something, and so there may be more.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_MOVE_JOINED_RIGHTS_H_
