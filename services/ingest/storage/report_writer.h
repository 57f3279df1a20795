// Group commit: the one way by which reports reach the database. Submissions wait in a bounded
// queue; a few workers, each with its own connection, take whatever waits and store it in one
// transaction. A group forms while the one before is committed, or within some milliseconds.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_WRITER_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_WRITER_H_

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/ingest/storage/feed_notifier.h"
#include "services/ingest/storage/group_transaction.h"
#include "services/ingest/storage/lookup_session.h"
#include "services/ingest/storage/source_cache.h"
#include "services/ingest/storage/submission_queue.h"

namespace quartermaster::ingest {

// Thread-safe.
class ReportWriter {
 public:
  struct Options {
    pg::Options database;
    int workers = 2;
    SubmissionQueue::Limits queue;
    // Of one transaction; a larger submission makes a group alone.
    int64_t group_reports_max = 1000;
    int64_t group_bytes_max = 2 << 20;
    size_t cached_sources_max = 65536;
  };

  // `clock` and `metrics` outlive the writer.
  ReportWriter(Options options, const Clock& clock, metrics::Registry& metrics);
  // Stops: stores what waits while the database answers.
  ~ReportWriter();
  ReportWriter(const ReportWriter&) = delete;
  ReportWriter& operator=(const ReportWriter&) = delete;

  // Takes `submission` over when it answers OK, and calls its `done` exactly once: when the reports
  // are committed, or found, or its deadline has passed while the database was away (a retryable
  // error; sending the same again is safe). ingest.queue_full or ingest.stopping: it stays with the
  // caller.
  absl::Status Submit(std::unique_ptr<Submission>& submission);

  // Takes no more, stores what waits, gives up at `deadline` (what is left answers
  // ingest.stopping). Returns when every `done` has been called. Not from a `done`.
  void Stop(absl::Time deadline);

  SubmissionQueue::Depth depth() const { return queue_.depth(); }
  // OK, or why the last attempt failed to store what is still to be stored.
  absl::Status health() const;

 private:
  using Submissions = SubmissionQueue::Submissions;

  void Work();
  void Store(LookupSession& session, Submissions group);
  absl::Status Attempt(LookupSession& session, const Submissions& group);
  void StoreAlone(LookupSession& session, Submissions group, const absl::Status& why);
  void StoreWithoutTheBad(LookupSession& session, std::unique_ptr<Submission> submission);
  void FailExpired(Submissions& group, const absl::Status& why);
  bool WaitBeforeRetry(absl::Duration wait);
  bool GivenUp() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return given_up_; }
  void SetHealth(const absl::Status& status);
  void CountStoring(int by);

  const Options options_;
  const Clock& clock_;
  SubmissionQueue queue_;
  SourceCache cache_;
  NewReportsGuess guess_;
  FeedNotifier notifier_;
  metrics::Histogram& group_reports_;
  metrics::Histogram& group_seconds_;
  metrics::Counter& stored_bytes_;
  metrics::Counter& retries_;
  metrics::Gauge& queue_reports_;
  metrics::Gauge& queue_bytes_;
  metrics::CollectHook collect_hook_;

  mutable absl::Mutex mutex_;
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  // Workers that have a group in hand.
  int storing_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> workers_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_WRITER_H_
