// Follows ingest's change feed and books every committed report exactly once: the cursor moves in
// the transaction of the effects, and its row is the fence between replicas.
//
// Any number of replicas may run this; one of them works, the others look from time to time whether the
// cursor still moves, and take over when it stands still although there is something new. A report that
// cannot be booked never stops the feed: its batch is narrowed down to one change, then to one report, which
// is set aside with a finding "unbookable_report" and tried again at start and from time to time. What is no
// report's fault (IsAboutTheReports) is waited for.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_REPORTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_REPORTS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/jobs/apply_batch.h"
#include "services/ledger/jobs/booking_terms.h"
#include "services/ledger/jobs/feed_lag.h"
#include "services/ledger/jobs/rebook_reports.h"
#include "services/ledger/storage/report_reader.h"
#include "services/ledger/storage/source_directory.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

struct ApplyReportsOptions {
  pg::Options database;
  // Of one transaction; one change is never split, so a change with more makes a larger one.
  int32_t reports_max = 4000;
  int32_t changes_max = 512;
  // Of what is extracted from the reports of one transaction; bounds memory.
  int64_t digest_bytes_max = 4 << 20;
  // Sources and product instances that are remembered.
  size_t cache_entries_max = 200'000;
  // Of how long a standstill another replica takes over.
  absl::Duration takeover_after = absl::Seconds(1);
  // How long the replica that works waits for the lock; the others only try.
  absl::Duration lock_wait = absl::Seconds(1);
  absl::Duration poll_interval = absl::Milliseconds(200);
  // From one transaction to the next while they are small: the price is so much more lag.
  absl::Duration pace = absl::Milliseconds(100);
  // Holes in what is reported that are longer than this are gaps: at least kGapAfterS.
  int64_t gap_after_s = kGapAfterS;
  // Between two attempts at the reports that were set aside.
  absl::Duration rebook_interval = absl::Hours(1);
};

// RunOnce and Run are for one thread; Stop may come from another.
class ApplyReports {
 public:
  ApplyReports(ApplyReportsOptions options, const Clock& clock, metrics::Registry& metrics);

  enum class Progress { kApplied, kNothingToDo, kElsewhere };
  // One transaction.
  absl::StatusOr<Progress> RunOnce();

  // Until Stop.
  void Run();
  void Stop();

  // False while the last attempt failed for a reason that is no report's fault.
  bool healthy() const { return healthy_; }

 private:
  BookingTerms Terms() const { return {.now = clock_.Now(), .gap_after_s = options_.gap_after_s}; }

  struct Series {
    Series(metrics::Registry& registry);
    metrics::Counter& reports;
    metrics::Counter& conflicts;
    metrics::Counter& unbookable;
    metrics::Counter& movements;
    metrics::Counter& failures;
    metrics::Counter& takeovers;
    metrics::Histogram& batch_seconds;
    metrics::Histogram& booked_seconds;
  };

  absl::Status Connect();
  absl::StatusOr<Progress> Attempt();
  // Whether it is not this replica's turn.
  absl::StatusOr<bool> StandsBy();
  // One transaction over what was set aside, when it is time for it; nullopt when there is nothing.
  absl::StatusOr<std::optional<Progress>> Rebook();
  absl::StatusOr<std::optional<Progress>> SettleAfterTakeover();
  absl::StatusOr<bool> AnythingNew();
  // Begins a transaction under the lock of the usage books; the place in the feed. Nothing when another
  // replica works: then this one has stepped back.
  absl::StatusOr<std::optional<pg::FeedPosition>> BeginLocked();
  // Under the lock: forgets what is remembered of product instances when a person has moved any.
  absl::Status HearOfMoves();
  absl::StatusOr<Progress> ApplyFrom(const pg::FeedPosition& position);
  absl::StatusOr<std::vector<pg::Change>> NextChanges(const pg::FeedPosition& after);
  // Applies as many of them as fit into memory, and cuts off the rest.
  absl::StatusOr<AppliedCounts> ApplyChanges(std::span<const pg::Change> changes, bool careful);
  absl::StatusOr<AppliedCounts> ApplyOneByOne(std::span<const StoredReport> reports);
  absl::Status CommitAt(const pg::FeedPosition& position);
  void StandBy();
  void Abandon();
  void StepBack();
  void Count(const AppliedCounts& counts);
  void Note(const AppliedCounts& counts, std::span<const pg::Change> changes);

  const ApplyReportsOptions options_;
  const Clock& clock_;
  Series series_;
  FeedLag feed_lag_;
  SourceDirectory directory_;
  std::unique_ptr<pg::RawConnection> connection_;
  int32_t incarnation_ = 0;
  // What the directory holds is true: this replica was the last that worked.
  bool works_ = false;
  int64_t homes_seen_ = 0;
  // Where this replica left the cursor. When it is elsewhere another one took over.
  std::optional<pg::FeedPosition> left_at_;
  // Another replica works, and had the cursor there since then (the machine's clock).
  bool stands_by_ = false;
  pg::FeedPosition seen_at_;
  absl::Time seen_since_;
  // Nothing was there at the last attempt: look without the lock first, which costs no commit.
  bool idle_ = false;
  int64_t last_reports_ = 0;
  // When to begin with what was set aside, and how far that is.
  absl::Time rebook_at_ = absl::InfinitePast();
  ReportName rebooked_through_;
  // So that the feed has its turn in between.
  bool rebooked_last_ = false;
  // Whether what is authorised beyond the reports is settled since this replica works, and how far.
  bool settled_ = false;
  bool settled_last_ = false;
  PositionKey settled_through_;
  // Up to here changes are applied one by one, because one of them failed.
  pg::FeedPosition careful_through_;
  pg::FeedListener listener_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> healthy_ = false;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_REPORTS_H_
