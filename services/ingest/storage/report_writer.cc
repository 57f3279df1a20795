#include "services/ingest/storage/report_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/storage/group_transaction.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

const metrics::HistogramSpec kGroupReports = metrics::DeclareHistogram(
    "quartermaster_ingest_group_reports", "Reports of one group transaction.", metrics::SizeBuckets());
const metrics::HistogramSpec kGroupSeconds =
    metrics::DeclareHistogram("quartermaster_ingest_group_seconds",
                              "Time of one group transaction, commit included.", metrics::LatencyBuckets());
const metrics::CounterSpec kStoredBytes = metrics::DeclareCounter(
    "quartermaster_ingest_stored_body_bytes_total", "Compressed bytes of stored report bodies.");
const metrics::CounterSpec kRetries = metrics::DeclareCounter(
    "quartermaster_ingest_group_retries_total", "Group transactions that failed and were tried again.");
const metrics::GaugeSpec kQueueReports =
    metrics::DeclareGauge("quartermaster_ingest_queue_reports", "Reports that wait for a group transaction.");
const metrics::GaugeSpec kQueueBytes =
    metrics::DeclareGauge("quartermaster_ingest_queue_bytes", "Bytes that wait for a group transaction.");

constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Milliseconds(250);

void Finish(std::unique_ptr<Submission> submission, absl::Status status) {
  submission->status = std::move(status);
  auto done = std::move(submission->done);
  done(std::move(submission));
}

void FinishAll(SubmissionQueue::Submissions group, const absl::Status& status) {
  for (std::unique_ptr<Submission>& submission : group) Finish(std::move(submission), status);
}

// Whole microseconds, as the database keeps them, so that answers equal rows.
absl::Time ReceivedNow(const Clock& clock) { return absl::FromUnixMicros(absl::ToUnixMicros(clock.Now())); }

}  // namespace

ReportWriter::ReportWriter(Options options, const Clock& clock, metrics::Registry& metrics)
    : options_(std::move(options)),
      clock_(clock),
      queue_(options_.queue),
      cache_(options_.cached_sources_max),
      notifier_(options_.database),
      group_reports_(metrics.Get(kGroupReports)),
      group_seconds_(metrics.Get(kGroupSeconds)),
      stored_bytes_(metrics.Get(kStoredBytes)),
      retries_(metrics.Get(kRetries)),
      queue_reports_(metrics.Get(kQueueReports)),
      queue_bytes_(metrics.Get(kQueueBytes)) {
  collect_hook_ = metrics.OnCollect([this] {
    const SubmissionQueue::Depth depth = queue_.depth();
    queue_reports_.Set(static_cast<double>(depth.reports));
    queue_bytes_.Set(static_cast<double>(depth.bytes));
  });
  running_ = options_.workers;
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { Work(); });
}

ReportWriter::~ReportWriter() { Stop(absl::InfinitePast()); }

absl::Status ReportWriter::Submit(std::unique_ptr<Submission>& submission) { return queue_.Push(submission); }

void ReportWriter::Stop(absl::Time deadline) {
  queue_.Close();
  {
    absl::MutexLock lock(&mutex_);
    const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
    mutex_.AwaitWithDeadline(absl::Condition(&idle), deadline);
    given_up_ = true;
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

// When nothing is left, nobody would find out that the trouble is over: a node that says it cannot
// serve gets no more reports to try.
absl::Status ReportWriter::health() const {
  absl::MutexLock lock(&mutex_);
  return storing_ > 0 ? health_ : absl::OkStatus();
}

void ReportWriter::CountStoring(int by) {
  absl::MutexLock lock(&mutex_);
  storing_ += by;
}

// Says so when it changes, not at each attempt.
void ReportWriter::SetHealth(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (errors::ErrorId(health_) == errors::ErrorId(status)) return;
    health_ = status;
  }
  if (status.ok()) {
    log::Info("reports are stored again");
  } else {
    log::Warning("reports cannot be stored", {{"error", status}});
  }
}

void ReportWriter::Work() {
  LookupSession session(options_.database);
  while (true) {
    Submissions group = queue_.Take(options_.group_reports_max, options_.group_bytes_max);
    if (group.empty()) break;
    CountStoring(1);
    Store(session, std::move(group));
    CountStoring(-1);
    queue_.Release();
  }
  absl::MutexLock lock(&mutex_);
  --running_;
}

void ReportWriter::Store(LookupSession& session, Submissions group) {
  absl::Duration wait = kFirstWait;
  while (!group.empty()) {
    const absl::Status status = Attempt(session, group);
    if (status.ok()) {
      FinishAll(std::move(group), status);
      return;
    }
    if (!errors::IsRetryable(status)) {
      StoreAlone(session, std::move(group), status);
      return;
    }
    retries_.Increment();
    FailExpired(group, status);
    if (!WaitBeforeRetry(wait)) {
      FinishAll(std::move(group), Stopping());
      return;
    }
    wait = std::min(2 * wait, kLongestWait);
  }
}

absl::Status ReportWriter::Attempt(LookupSession& session, const Submissions& group) {
  const absl::Time start = absl::Now();
  std::vector<Submission*> submissions;
  int64_t reports = 0;
  for (const std::unique_ptr<Submission>& submission : group) {
    submissions.push_back(submission.get());
    reports += static_cast<int64_t>(submission->reports.size());
  }
  GroupOutcome outcome;
  const auto attempt = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(pg::RawConnection * connection, session.Connection());
    return RunGroupTransaction(*connection, session.incarnation(), cache_, guess_, ReceivedNow(clock_),
                               submissions, outcome);
  };
  const absl::Status status = attempt();
  SetHealth(status);
  if (!status.ok()) return status;
  group_reports_.Observe(static_cast<double>(reports));
  group_seconds_.Observe(absl::ToDoubleSeconds(absl::Now() - start));
  stored_bytes_.Increment(static_cast<double>(outcome.body_bytes));
  if (outcome.reports_stored > 0) notifier_.Announce();
  return absl::OkStatus();
}

// The database refused the group for good. Submissions of others must not suffer from one of them.
void ReportWriter::StoreAlone(LookupSession& session, Submissions group, const absl::Status& why) {
  if (group.size() > 1) {
    for (std::unique_ptr<Submission>& submission : group) {
      Submissions alone;
      alone.push_back(std::move(submission));
      Store(session, std::move(alone));
    }
    return;
  }
  std::unique_ptr<Submission> submission = std::move(group.front());
  if (submission->reports.size() > 1) {
    StoreWithoutTheBad(session, std::move(submission));
  } else if (submission->reports.size() == 1) {
    submission->answers = {{.outcome = ReportAnswer::Outcome::kRejected, .status = ReportNotStorable(why)}};
    Finish(std::move(submission), absl::OkStatus());
  } else {
    Finish(std::move(submission), why);
  }
}

// One of the reports is not storable, so each is tried alone. Values are checked before they come
// here, so this is for what nobody thought of; it is slow, and loses nothing.
void ReportWriter::StoreWithoutTheBad(LookupSession& session, std::unique_ptr<Submission> submission) {
  std::vector<PendingReport> reports = std::move(submission->reports);
  std::vector<ReportAnswer> answers;
  absl::Status status;
  submission->reports.clear();
  for (PendingReport& report : reports) {
    auto alone = std::make_unique<Submission>();
    alone->smart_account_id = submission->smart_account_id;
    alone->door_virtual_account_id = submission->door_virtual_account_id;
    alone->deadline = submission->deadline;
    alone->reports.push_back(std::move(report));
    alone->done = [&](std::unique_ptr<Submission> stored) {
      status = stored->status;
      if (!status.ok()) return;
      answers.push_back(std::move(stored->answers.front()));
      if (answers.back().outcome == ReportAnswer::Outcome::kRejected) return;
      submission->reports.push_back(std::move(stored->reports.front()));
    };
    Submissions group;
    group.push_back(std::move(alone));
    Store(session, std::move(group));
    if (!status.ok()) break;
  }
  if (status.ok()) {
    // All reports are here by now: this makes the ticket and keeps the system infos.
    Submissions group;
    group.push_back(std::move(submission));
    status = Attempt(session, group);
    submission = std::move(group.front());
  }
  submission->answers = std::move(answers);
  Finish(std::move(submission), status);
}

// In the group that is being tried, and in the queue behind it, which nobody else may be able to
// serve either.
void ReportWriter::FailExpired(Submissions& group, const absl::Status& why) {
  const absl::Time now = absl::Now();
  Submissions expired = queue_.TakeExpired(now);
  for (std::unique_ptr<Submission>& submission : group) {
    if (submission->deadline <= now) expired.push_back(std::move(submission));
  }
  group.erase(std::remove(group.begin(), group.end(), nullptr), group.end());
  const std::string message(why.message());
  FinishAll(std::move(expired), pg::Unavailable(message));
}

// False when the writer gives up.
bool ReportWriter::WaitBeforeRetry(absl::Duration wait) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(this, &ReportWriter::GivenUp), wait);
}

}  // namespace quartermaster::ingest
