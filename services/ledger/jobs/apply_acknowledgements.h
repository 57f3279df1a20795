// Follows the authority's feed: when was a product instance acknowledged last, and which reporting policy
// came with that? Deadlines need both.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_ACKNOWLEDGEMENTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_ACKNOWLEDGEMENTS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/jobs/usage_session.h"

namespace quartermaster::ledger {

// Not thread-safe. Replicas may all run it: the cursor is the fence.
class ApplyAcknowledgements {
 public:
  explicit ApplyAcknowledgements(pg::Options database) : session_(std::move(database)) {}

  // One transaction; how many changes of the authority were taken over.
  absl::StatusOr<int> RunOnce(absl::Time now);

 private:
  UsageSession session_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_ACKNOWLEDGEMENTS_H_
