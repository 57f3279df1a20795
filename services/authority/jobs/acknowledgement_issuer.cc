#include "services/authority/jobs/acknowledgement_issuer.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

const metrics::CounterSpec kReports = metrics::DeclareCounter(
    "quartermaster_authority_acknowledged_reports_total", "Reports that were acknowledged.");
const metrics::CounterSpec kAcknowledgements =
    metrics::DeclareCounter("quartermaster_authority_acknowledgements_total",
                            "Acknowledgements issued: one per product instance and round.");
const metrics::CounterSpec kFailures = metrics::DeclareCounter(
    "quartermaster_authority_issue_failures_total", "Rounds of issuing acknowledgements that failed.");
const metrics::HistogramSpec kRoundSeconds =
    metrics::DeclareHistogram("quartermaster_authority_issue_round_seconds",
                              "Time of one round of issuing acknowledgements.", metrics::LatencyBuckets());
const metrics::HistogramSpec kReportAgeSeconds =
    metrics::DeclareHistogram("quartermaster_authority_report_age_seconds",
                              "From the receipt of a round's newest reports to their acknowledgement.",
                              {0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800});

// How long to leave the database alone after a failed round.
constexpr absl::Duration kFailurePause = absl::Seconds(1);

}  // namespace

AcknowledgementIssuer::AcknowledgementIssuer(pg::Options database, IssuerOptions options, const Clock* clock,
                                             metrics::Registry* registry)
    : database_(std::move(database)),
      options_(options),
      clock_(*clock),
      reports_(registry->Get(kReports)),
      acknowledgements_(registry->Get(kAcknowledgements)),
      failures_(registry->Get(kFailures)),
      round_seconds_(registry->Get(kRoundSeconds)),
      report_age_seconds_(registry->Get(kReportAgeSeconds)),
      leader_(database_, "authority/issue_acknowledgements"),
      // Ledger tells when it has applied something, which is what can be acknowledged then.
      listener_(database_, pg::kLedgerFeed.channel) {}

AcknowledgementIssuer::~AcknowledgementIssuer() { Stop(); }

void AcknowledgementIssuer::Start() {
  thread_ = std::thread([this] { Work(); });
}

void AcknowledgementIssuer::Stop() {
  if (!thread_.joinable()) return;
  stopping_.Notify();
  listener_.Interrupt();
  thread_.join();
  leader_.Release();
}

absl::Status AcknowledgementIssuer::Health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

void AcknowledgementIssuer::Work() {
  const log::ServiceScope scope("authority");
  while (!stopping_.HasBeenNotified()) {
    absl::StatusOr<absl::Duration> pause = RunOnce();
    if (!pause.ok()) {
      failures_.Increment();
      log::Warning("issuing acknowledgements failed", {{"error", pause.status()}});
      leader_.Release();
    }
    {
      absl::MutexLock lock(&mutex_);
      health_ = pause.status();
    }
    Wait(pause.ok() ? *pause : kFailurePause);
  }
}

absl::StatusOr<absl::Duration> AcknowledgementIssuer::RunOnce() {
  ASSIGN_OR_RETURN(const bool leads, leader_.TryAcquire());
  if (!leads) return absl::ZeroDuration();
  const absl::Time begin = absl::Now();
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const IssueResult result,
                   IssueAcknowledgements(*leader_.connection(), senders_, options_.round, now));
  if (result.changes > 0 || result.acknowledgements > 0) {
    round_seconds_.Observe(absl::ToDoubleSeconds(absl::Now() - begin));
    Count(result, now);
  }
  return PauseAfter(result);
}

void AcknowledgementIssuer::Count(const IssueResult& result, absl::Time now) {
  reports_.Increment(static_cast<double>(result.reports));
  acknowledgements_.Increment(static_cast<double>(result.acknowledgements));
  if (result.reports > 0 && result.newest_received_at > absl::InfinitePast()) {
    report_age_seconds_.Observe(absl::ToDoubleSeconds(now - result.newest_received_at));
  }
}

absl::Duration AcknowledgementIssuer::PauseAfter(const IssueResult& result) const {
  if (result.changes == 0) return absl::ZeroDuration();
  if (result.more || result.reports >= options_.bulk_reports_min) return options_.bulk_pause;
  return options_.trickle_pause;
}

void AcknowledgementIssuer::Wait(absl::Duration pause) {
  if (pause > absl::ZeroDuration()) {
    stopping_.WaitForNotificationWithTimeout(pause);
  } else {
    listener_.Wait(options_.idle_wait);
  }
}

}  // namespace quartermaster::authority
