// Posts what a switch of the policy for unverifiable reports means to the positions that it can move:
// movements from the switch on, nothing is rewritten. Some hundred positions a transaction, so that
// the feed is not held up; an interrupted switch goes on where it was.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_POST_POLICY_SWITCHES_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_POST_POLICY_SWITCHES_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/jobs/usage_session.h"

namespace quartermaster::ledger {

// Not thread-safe. Replicas may all run it.
class PostPolicySwitches {
 public:
  explicit PostPolicySwitches(pg::Options database) : session_(std::move(database)) {}

  // One transaction; whether there is more to do.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  UsageSession session_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_POST_POLICY_SWITCHES_H_
