// How far the books are behind what is stored, for those who bring more than anybody waits for.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_BOOKS_PACE_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_BOOKS_PACE_H_

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/storage/lookup_session.h"

namespace quartermaster::ingest {

// An import can bring reports faster than the ledger books them, which then falls behind for as long
// as the file is large; meanwhile compliance is of yesterday for everybody. So imports wait for the
// books. They do not wait for a ledger that stands still: to take reports needs no books.
// Thread-safe.
class BooksPace {
 public:
  struct Limits {
    // How old the oldest change that is not booked may be.
    absl::Duration behind_max = absl::Milliseconds(400);
    // A ledger that moved this long ago stands still.
    absl::Duration standstill = absl::Seconds(1);
    absl::Duration look_interval = absl::Milliseconds(50);
  };
  // `clock` is what changes are dated by, and outlives this.
  BooksPace(pg::Options database, const Clock& clock, metrics::Registry& metrics, Limits limits);
  BooksPace(pg::Options database, const Clock& clock, metrics::Registry& metrics)
      : BooksPace(std::move(database), clock, metrics, Limits()) {}

  // Returns when the books are near, stand still or cannot be asked; after `wait_max`, or a second when
  // the database hangs, at the latest.
  void Await(absl::Duration wait_max);

 private:
  using SteadyClock = std::chrono::steady_clock;

  struct Sight {
    // Where the ledger stands, as text.
    std::string cursor;
    absl::Time oldest_unbooked = absl::InfiniteFuture();
  };
  absl::StatusOr<Sight> Look();
  void Judge(const absl::StatusOr<Sight>& sight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteFailure(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsNear() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !behind_; }

  const Limits limits_;
  const Clock& clock_;
  metrics::Counter& waited_seconds_;
  // Of the caller that looks.
  LookupSession session_;

  absl::Mutex mutex_;
  bool looking_ ABSL_GUARDED_BY(mutex_) = false;
  bool behind_ ABSL_GUARDED_BY(mutex_) = false;
  // Times that no setting of the machine's clock changes.
  std::optional<SteadyClock::time_point> looked_at_ ABSL_GUARDED_BY(mutex_);
  std::string cursor_ ABSL_GUARDED_BY(mutex_);
  SteadyClock::time_point moved_at_ ABSL_GUARDED_BY(mutex_);
  // Of the last look.
  std::string failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_BOOKS_PACE_H_
