// Runs IssueAcknowledgements for as long as the service lives, in one replica at a time.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ACKNOWLEDGEMENT_ISSUER_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ACKNOWLEDGEMENT_ISSUER_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/authority/jobs/issue_acknowledgements.h"
#include "services/authority/storage/source_senders.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/leader.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

struct IssuerOptions {
  IssueOptions round = {};
  // Looks this often even without a notice.
  absl::Duration idle_wait = absl::Milliseconds(500);
  // Between two rounds of a trickle, so that what arrives meanwhile shares a commit.
  absl::Duration trickle_pause = absl::Milliseconds(150);
  // Between two rounds of a bulk import, so that a sender's reports share an acknowledgement.
  absl::Duration bulk_pause = absl::Seconds(1);
  // A round of this many reports, or with another one waiting, is of a bulk import.
  int64_t bulk_reports_min = 2000;
};

// Owns one thread from Start to Stop. Thread-safe.
class AcknowledgementIssuer {
 public:
  // `clock` and `registry` outlive this.
  AcknowledgementIssuer(pg::Options database, IssuerOptions options, const Clock* clock,
                        metrics::Registry* registry);
  // Stops.
  ~AcknowledgementIssuer();

  void Start();
  // Returns when the round under way is committed or given up.
  void Stop();

  // OK, or why the last rounds failed.
  absl::Status Health() const;

 private:
  void Work();
  // Runs a round if this replica leads; answers how long to wait before the next one.
  absl::StatusOr<absl::Duration> RunOnce();
  absl::Duration PauseAfter(const IssueResult& result) const;
  void Count(const IssueResult& result, absl::Time now);
  // Waits, longer for a notice than for a pause; returns early when stopping.
  void Wait(absl::Duration pause);

  const pg::Options database_;
  const IssuerOptions options_;
  const Clock& clock_;
  metrics::Counter& reports_;
  metrics::Counter& acknowledgements_;
  metrics::Counter& failures_;
  metrics::Histogram& round_seconds_;
  metrics::Histogram& report_age_seconds_;

  SourceSenders senders_;
  pg::LeaderLock leader_;
  pg::FeedListener listener_;
  absl::Notification stopping_;
  mutable absl::Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ACKNOWLEDGEMENT_ISSUER_H_
