// Submissions that wait for a commit worker. Bounded in reports and bytes, so that overload is
// answered at once instead of with memory.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_SUBMISSION_QUEUE_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_SUBMISSION_QUEUE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

// First in, first out. Thread-safe.
//
// One taker works as long as it keeps up: while it commits, the next group grows, and fewer, larger
// groups cost the database less; a few reports wait some milliseconds for company. Others join when
// many reports wait, or some wait long.
class SubmissionQueue {
 public:
  struct Limits {
    int64_t reports_max = 20000;
    int64_t bytes_max = 64ll << 20;
  };
  struct Depth {
    int64_t reports = 0;
    int64_t bytes = 0;
  };
  using Submissions = std::vector<std::unique_ptr<Submission>>;

  explicit SubmissionQueue(Limits limits) : limits_(limits) {}

  // Takes `submission` over when it answers OK. ingest.queue_full with a retry delay when it does
  // not fit beside what waits already (alone, or with always_fits, it does); ingest.stopping after Close.
  absl::Status Push(std::unique_ptr<Submission>& submission);

  // Waits until there is something for this taker, then takes the front of the queue: as many
  // submissions as stay within the limits, at least one. Empty: closed and drained. Call Release
  // when they are stored.
  Submissions Take(int64_t reports_max, int64_t bytes_max);
  void Release();

  // Takes those whose deadline has passed.
  Submissions TakeExpired(absl::Time now);

  // Push refuses from now on. What is there can still be taken.
  void Close();
  bool closed() const;
  Depth depth() const;

 private:
  struct Waiting {
    std::unique_ptr<Submission> submission;
    absl::Time since;
    // Empty submissions (a ticket only) weigh one report too.
    int64_t reports = 0;
    int64_t bytes = 0;
  };
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !waiting_.empty(); }
  bool NeedsAnotherTaker() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When the first in the queue has waited long enough.
  absl::Time WaitEnd() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AwaitTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(const Waiting& waiting) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  mutable absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  Depth depth_ ABSL_GUARDED_BY(mutex_);
  int takers_busy_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_SUBMISSION_QUEUE_H_
