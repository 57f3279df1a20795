// Makes the monthly partitions of report bodies ahead of time. What no partition covers goes to the
// default one, so being late loses nothing.
#ifndef QUARTERMASTER_SERVICES_INGEST_JOBS_MAKE_PARTITIONS_H_
#define QUARTERMASTER_SERVICES_INGEST_JOBS_MAKE_PARTITIONS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ingest {

// Idempotent, and safe to run in several replicas at once. Not thread-safe.
class MakePartitions {
 public:
  // `pool` outlives the job.
  explicit MakePartitions(pg::Pool& pool) : pool_(pool) {}

  // Covers the month before `now` to three months after it. How many partitions were missing.
  absl::StatusOr<int> RunOnce(absl::Time now);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_JOBS_MAKE_PARTITIONS_H_
