// Terms end by themselves: what of a lot is available at its end is booked as expired, effective from that
// end, whenever the job comes to it. No figure waits for the job: whoever asks goes by the lot's dates.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_EXPIRE_TERMS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_EXPIRE_TERMS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ledger {

// Thread-safe. Replicas may all run it: the rights of an account have one writer at a time, and who comes
// second finds nothing to do. What is held or reserved stays; when it is given back, a later run books it.
class ExpireTerms {
 public:
  // The pool must outlive the job.
  explicit ExpireTerms(pg::Pool& pool, int movements_max = 500)
      : pool_(pool), movements_max_(movements_max) {}

  // One transaction, of one Smart Account; whether it did something, and so there may be more.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  pg::Pool& pool_;
  const int movements_max_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_EXPIRE_TERMS_H_
