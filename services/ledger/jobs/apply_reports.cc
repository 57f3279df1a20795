#include "services/ledger/jobs/apply_reports.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/apply_session.h"
#include "services/ledger/storage/authorized_usage.h"
#include "services/ledger/storage/usage_lock.h"

namespace quartermaster::ledger {
namespace {

const metrics::CounterSpec kReports = metrics::DeclareCounter(
    "quartermaster_ledger_reports_applied_total", "Reports that the books took from the feed.", {"outcome"});
const metrics::CounterSpec kMovements = metrics::DeclareCounter(
    "quartermaster_ledger_usage_movements_total", "Movements of the usage book that reports caused.");
const metrics::CounterSpec kFailures =
    metrics::DeclareCounter("quartermaster_ledger_apply_failures_total",
                            "Batches of reports that could not be applied and are tried again.");
const metrics::HistogramSpec kBatchSeconds =
    metrics::DeclareHistogram("quartermaster_ledger_apply_batch_seconds",
                              "Time to apply one batch of reports.", metrics::LatencyBuckets());
const metrics::HistogramSpec kBookedSeconds =
    metrics::DeclareHistogram("quartermaster_ledger_booked_seconds",
                              "From the receipt of reports to the commit of their booking, by change of "
                              "ingest's feed.",
                              metrics::LatencyBuckets());
const metrics::CounterSpec kTakeovers =
    metrics::DeclareCounter("quartermaster_ledger_apply_takeovers_total",
                            "How often this replica became the one that applies reports.");

constexpr absl::Duration kTryWait = absl::Milliseconds(5);
constexpr absl::Duration kBackOffFirst = absl::Milliseconds(50);
constexpr absl::Duration kBackOffMax = absl::Seconds(2);
constexpr absl::Duration kRebookAfterFailure = absl::Minutes(1);
constexpr int kSettledPerBatch = 1000;

}  // namespace

ApplyReports::Series::Series(metrics::Registry& registry)
    : reports(registry.Get(kReports, {"booked"})),
      conflicts(registry.Get(kReports, {"conflict"})),
      unbookable(registry.Get(kReports, {"unbookable"})),
      movements(registry.Get(kMovements)),
      failures(registry.Get(kFailures)),
      takeovers(registry.Get(kTakeovers)),
      batch_seconds(registry.Get(kBatchSeconds)),
      booked_seconds(registry.Get(kBookedSeconds)) {}

ApplyReports::ApplyReports(ApplyReportsOptions options, const Clock& clock, metrics::Registry& metrics)
    : options_(std::move(options)),
      clock_(clock),
      series_(metrics),
      feed_lag_(metrics, options_.poll_interval),
      directory_(options_.cache_entries_max),
      listener_(options_.database, pg::kIngestFeed.channel) {}

absl::Status ApplyReports::Connect() {
  if (connection_ != nullptr && connection_->healthy()) return absl::OkStatus();
  connection_.reset();
  ASSIGN_OR_RETURN(connection_, ConnectForApplying(options_.database));
  ASSIGN_OR_RETURN(incarnation_, pg::CurrentIncarnation(*connection_));
  return absl::OkStatus();
}

// Nothing of the transaction happened, and what the directory learned in it is not there.
void ApplyReports::Abandon() {
  if (connection_ != nullptr) connection_->Rollback();
  directory_.Clear();
  works_ = false;
}

// Another replica works. To take turns would cost both their caches.
void ApplyReports::StepBack() {
  Abandon();
  left_at_.reset();
  stands_by_ = true;
  settled_ = false;
  settled_through_ = {};
  idle_ = false;
  seen_since_ = absl::Now();
}

absl::StatusOr<ApplyReports::Progress> ApplyReports::RunOnce() {
  absl::StatusOr<Progress> progress = Progress::kNothingToDo;
  try {
    progress = Attempt();
  } catch (const std::bad_alloc&) {
    connection_.reset();  // it may be amid a statement
    progress = OutOfMemory();
  } catch (const std::exception& error) {
    connection_.reset();
    progress = absl::InternalError(error.what());
  }
  healthy_ = progress.ok() || (connection_ != nullptr && IsAboutTheReports(progress.status(), *connection_));
  if (!progress.ok()) {
    Abandon();
    series_.failures.Increment();
  }
  return progress;
}

absl::StatusOr<ApplyReports::Progress> ApplyReports::Attempt() {
  RETURN_IF_ERROR(Connect());
  feed_lag_.Note(*connection_, clock_);
  ASSIGN_OR_RETURN(const bool stands_by, StandsBy());
  if (stands_by) return Progress::kElsewhere;
  ASSIGN_OR_RETURN(const std::optional<Progress> rebooked, Rebook());
  if (rebooked.has_value()) return *rebooked;
  ASSIGN_OR_RETURN(const std::optional<Progress> settled, SettleAfterTakeover());
  if (settled.has_value()) return *settled;
  if (idle_) {
    ASSIGN_OR_RETURN(const bool anything_new, AnythingNew());
    if (!anything_new) return Progress::kNothingToDo;
  }
  ASSIGN_OR_RETURN(const std::optional<pg::FeedPosition> position, BeginLocked());
  if (!position.has_value()) return Progress::kElsewhere;
  return ApplyFrom(*position);
}

absl::StatusOr<bool> ApplyReports::StandsBy() {
  if (!stands_by_) return false;
  ASSIGN_OR_RETURN(const pg::FeedPosition position, PeekJobCursor(*connection_, kApplyReportsCursor));
  ASSIGN_OR_RETURN(const bool anything_new, AnythingNew());
  if (position != seen_at_ || !anything_new) {
    seen_at_ = position;
    seen_since_ = absl::Now();
    return true;
  }
  return absl::Now() < seen_since_ + options_.takeover_after;
}

absl::StatusOr<std::optional<ApplyReports::Progress>> ApplyReports::Rebook() {
  if (!works_ || std::exchange(rebooked_last_, false) || clock_.Now() < rebook_at_) return std::nullopt;
  ASSIGN_OR_RETURN(const std::vector<SetAsideName> any, NextSetAside(*connection_, rebooked_through_, 1));
  bool more = !any.empty();
  if (more) {
    rebook_at_ = clock_.Now() + kRebookAfterFailure;
    ASSIGN_OR_RETURN(const std::optional<pg::FeedPosition> position, BeginLocked());
    if (!position.has_value()) return Progress::kElsewhere;
    ASSIGN_OR_RETURN(const RebookOutcome outcome,
                     RebookReports(*connection_, directory_, incarnation_, rebooked_through_, Terms()));
    RETURN_IF_ERROR(connection_->Commit());
    Count(outcome.counts);
    rebooked_through_ = outcome.last;
    more = outcome.more;
    rebooked_last_ = true;
  }
  rebook_at_ = more ? clock_.Now() : clock_.Now() + options_.rebook_interval;
  if (!more) rebooked_through_ = {};
  if (any.empty()) return std::nullopt;
  return Progress::kApplied;
}

// A replica of an earlier release, which worked before this one, books use and knows nothing of
// authorizations: what it left is counted twice until it is settled. In batches, once a takeover, in turns
// with the feed; settling twice changes nothing.
absl::StatusOr<std::optional<ApplyReports::Progress>> ApplyReports::SettleAfterTakeover() {
  if (!works_ || settled_ || std::exchange(settled_last_, false)) return std::nullopt;
  ASSIGN_OR_RETURN(const std::vector<PositionKey> keys,
                   NextAuthorizedUsage(*connection_, settled_through_, kSettledPerBatch));
  settled_ = keys.empty();
  if (settled_) return std::nullopt;
  ASSIGN_OR_RETURN(const std::optional<pg::FeedPosition> position, BeginLocked());
  if (!position.has_value()) return Progress::kElsewhere;
  ASSIGN_OR_RETURN(std::vector<PositionKey> changed, MoveForgottenUsage(*connection_, keys));
  changed.insert(changed.end(), keys.begin(), keys.end());
  RETURN_IF_ERROR(SettleAuthorizedUsage(*connection_, changed));
  RETURN_IF_ERROR(connection_->Commit());
  settled_through_ = keys.back();
  settled_last_ = true;
  return Progress::kApplied;
}

absl::StatusOr<bool> ApplyReports::AnythingNew() {
  ASSIGN_OR_RETURN(const pg::FeedPosition position, PeekJobCursor(*connection_, kApplyReportsCursor));
  ASSIGN_OR_RETURN(const std::vector<pg::Change> changes,
                   pg::ReadChanges(*connection_, pg::kIngestFeed, position, 1));
  return !changes.empty();
}

absl::StatusOr<std::optional<pg::FeedPosition>> ApplyReports::BeginLocked() {
  RETURN_IF_ERROR(connection_->Begin());
  const absl::StatusOr<pg::FeedPosition> locked =
      LockUsageBooks(*connection_, clock_.Now(), works_ ? options_.lock_wait : kTryWait);
  const bool is_taken = absl::IsUnavailable(locked.status()) && connection_->healthy();
  if (!locked.ok() && !is_taken) return locked.status();
  if (is_taken || (left_at_.has_value() && *locked != *left_at_)) {
    StepBack();
    return std::nullopt;
  }
  if (!left_at_.has_value()) series_.takeovers.Increment();
  left_at_ = *locked;
  stands_by_ = false;
  RETURN_IF_ERROR(HearOfMoves());
  return *locked;
}

absl::Status ApplyReports::HearOfMoves() {
  ASSIGN_OR_RETURN(const pg::FeedPosition homes, PeekJobCursor(*connection_, kHomesCounter));
  if (std::exchange(homes_seen_, homes.change_id) != homes.change_id) directory_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<ApplyReports::Progress> ApplyReports::ApplyFrom(const pg::FeedPosition& position) {
  const absl::Time began_at = absl::Now();
  if (!works_) directory_.Clear();
  ASSIGN_OR_RETURN(std::vector<pg::Change> changes, NextChanges(position));
  idle_ = changes.empty();
  if (idle_) {
    connection_->Rollback();
    works_ = true;
    return Progress::kNothingToDo;
  }
  const bool careful = changes.front().position <= careful_through_;
  const absl::StatusOr<AppliedCounts> counts = ApplyChanges(changes, careful);
  if (!counts.ok()) {
    if (!careful && IsAboutTheReports(counts.status(), *connection_)) {
      careful_through_ = changes.back().position;
    }
    return counts.status();
  }
  RETURN_IF_ERROR(CommitAt(changes.back().position));
  series_.batch_seconds.Observe(absl::ToDoubleSeconds(absl::Now() - began_at));
  Note(*counts, changes);
  return Progress::kApplied;
}

// As many as fit into one transaction; one by one while something is being narrowed down.
absl::StatusOr<std::vector<pg::Change>> ApplyReports::NextChanges(const pg::FeedPosition& after) {
  ASSIGN_OR_RETURN(std::vector<pg::Change> changes,
                   pg::ReadChanges(*connection_, pg::kIngestFeed, after, options_.changes_max));
  const bool careful = !changes.empty() && changes.front().position <= careful_through_;
  int64_t reports = 0, bytes = 0;
  size_t taken = 0;
  while (taken < changes.size()) {
    reports += changes[taken].count;
    bytes += changes[taken].bytes;
    const bool fits = reports <= options_.reports_max && bytes <= options_.digest_bytes_max && !careful;
    if (taken > 0 && !fits) break;
    ++taken;
  }
  changes.resize(taken);
  return changes;
}

absl::StatusOr<AppliedCounts> ApplyReports::ApplyChanges(std::span<const pg::Change> changes, bool careful) {
  ASSIGN_OR_RETURN(const ReportBatch batch, ReadReports(*connection_, changes));
  if (!careful) {
    return ApplyBatch(*connection_, directory_, incarnation_, batch.reports(), Terms());
  }
  RETURN_IF_ERROR(connection_->Run("SAVEPOINT change"));
  absl::StatusOr<AppliedCounts> counts =
      ApplyBatch(*connection_, directory_, incarnation_, batch.reports(), Terms());
  if (counts.ok() || !IsAboutTheReports(counts.status(), *connection_)) return counts;
  RETURN_IF_ERROR(connection_->Run("ROLLBACK TO SAVEPOINT change"));
  directory_.Clear();
  return ApplyOneByOne(batch.reports());
}

absl::StatusOr<AppliedCounts> ApplyReports::ApplyOneByOne(std::span<const StoredReport> reports) {
  AppliedCounts total;
  for (const StoredReport& report : reports) {
    RETURN_IF_ERROR(connection_->Run("SAVEPOINT report"));
    const absl::StatusOr<AppliedCounts> counts =
        ApplyBatch(*connection_, directory_, incarnation_, {&report, 1}, Terms());
    if (counts.ok()) {
      total.Add(*counts);
      RETURN_IF_ERROR(connection_->Run("RELEASE SAVEPOINT report"));
      continue;
    }
    if (!IsAboutTheReports(counts.status(), *connection_)) return counts.status();
    RETURN_IF_ERROR(connection_->Run("ROLLBACK TO SAVEPOINT report"));
    directory_.Clear();
    log::Error("report set aside", {{"smart_account_id", report.smart_account_id},
                                    {"report", absl::StrCat(report.change_id, "-", report.place)},
                                    {"error", counts.status()}});
    RETURN_IF_ERROR(SetAside(*connection_, directory_, report, counts.status(), clock_.Now()));
    ++total.unbookable;
  }
  return total;
}

absl::Status ApplyReports::CommitAt(const pg::FeedPosition& position) {
  RETURN_IF_ERROR(pg::MoveCursor(*connection_, kLedgerCursors, kApplyReportsCursor, position, clock_.Now()));
  RETURN_IF_ERROR(connection_->Commit());
  works_ = true;
  left_at_ = position;
  if (const absl::Status notified = pg::NotifyFeed(*connection_, pg::kLedgerFeed); !notified.ok()) {
    log::Debug("no notice given", {{"error", notified}});
  }
  return absl::OkStatus();
}

void ApplyReports::Count(const AppliedCounts& counts) {
  series_.reports.Increment(static_cast<double>(counts.reports));
  series_.conflicts.Increment(static_cast<double>(counts.conflicts));
  series_.unbookable.Increment(static_cast<double>(counts.unbookable));
  series_.movements.Increment(static_cast<double>(counts.movements));
}

void ApplyReports::Note(const AppliedCounts& counts, std::span<const pg::Change> changes) {
  Count(counts);
  last_reports_ = counts.reports;
  const absl::Time now = clock_.Now();
  for (const pg::Change& change : changes) {
    series_.booked_seconds.Observe(absl::ToDoubleSeconds(now - change.at));
  }
}

void ApplyReports::Run() {
  const log::ServiceScope scope("ledger");
  absl::Duration back_off = kBackOffFirst;
  while (!stopping_) {
    const absl::Time started = absl::Now();
    const absl::StatusOr<Progress> progress = RunOnce();
    if (progress.ok()) {
      back_off = kBackOffFirst;
      if (*progress == Progress::kNothingToDo) listener_.Wait(options_.poll_interval);
      if (*progress == Progress::kElsewhere) StandBy();
      // It keeps up: what comes in meanwhile costs less together than one by one.
      const bool keeps_up = last_reports_ < options_.reports_max / 4;
      if (*progress == Progress::kApplied && keeps_up) absl::SleepFor(started + options_.pace - absl::Now());
      continue;
    }
    log::Warning("reports not applied, trying again", {{"error", progress.status()}, {"retry_in", back_off}});
    listener_.Wait(back_off);
    back_off = std::min(2 * back_off, kBackOffMax);
  }
}

// Notices are for the one that works.
void ApplyReports::StandBy() {
  const absl::Time until = absl::Now() + options_.poll_interval;
  while (!stopping_ && absl::Now() < until) listener_.Wait(until - absl::Now());
}

void ApplyReports::Stop() {
  stopping_ = true;
  listener_.Interrupt();
}

}  // namespace quartermaster::ledger
