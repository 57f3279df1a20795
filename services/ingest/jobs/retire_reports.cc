#include "services/ingest/jobs/retire_reports.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {
namespace {

const metrics::CounterSpec kMonthsDropped =
    metrics::DeclareCounter("quartermaster_ingest_report_months_dropped_total",
                            "Months of report bodies that retention has dropped.");
const metrics::GaugeSpec kKeptReports =
    metrics::DeclareGauge("quartermaster_ingest_kept_reports", "Reports of dropped months that had to stay.");
const metrics::GaugeSpec kOldestMonthSeconds = metrics::DeclareGauge(
    "quartermaster_ingest_oldest_report_month_seconds",
    "When the oldest month of report bodies that is stored whole begins, as Unix time.");

// What is moved in one transaction: others wait for no longer than that takes.
constexpr absl::Duration kSlice = absl::Hours(24);
// What was kept may be much, and seldom need not stay any more.
constexpr absl::Duration kTrimInterval = absl::Hours(1);

absl::Time NextMonth(absl::Time from) {
  const absl::CivilMonth month = absl::ToCivilMonth(from, absl::UTCTimeZone());
  return absl::FromCivil(month + 1, absl::UTCTimeZone());
}

}  // namespace

RetireReports::RetireReports(pg::Pool& pool, const config::RetentionConfig& retention,
                             metrics::Registry& registry)
    : reports_(pool),
      retention_(retention),
      ignored_(retention.give_up_unverifiable ? kStaysUnverifiable : 0),
      months_dropped_(registry.Get(kMonthsDropped, {})),
      kept_reports_(registry.Get(kKeptReports, {})),
      oldest_month_seconds_(registry.Get(kOldestMonthSeconds, {})) {}

absl::Status RetireReports::RunOnce(absl::Time now) {
  absl::Status first = reports_.EraseSystemInfos();
  std::vector<absl::Time> months;
  if (retention_.reports.has_value()) {
    ASSIGN_OR_RETURN(months, reports_.MonthsToDrop(now - *retention_.reports));
  }
  for (const absl::Time from : months) first.Update(RetireMonth(from));
  if (months.empty() && now < trim_at_) return first;
  if (retention_.reports.has_value()) first.Update(TrimKept());
  first.Update(Count());
  if (first.ok()) trim_at_ = now + kTrimInterval;
  return first;
}

absl::Status RetireReports::RetireMonth(absl::Time from) {
  const absl::Time until = NextMonth(from);
  int64_t kept = 0;
  for (absl::Time slice = from; slice < until; slice += kSlice) {
    ASSIGN_OR_RETURN(const int64_t moved, reports_.Keep(slice, std::min(slice + kSlice, until), ignored_));
    kept += moved;
  }
  ASSIGN_OR_RETURN(const bool dropped, reports_.DropMonth(from));
  if (!dropped) return absl::OkStatus();
  months_dropped_.Increment();
  log::Info("month of report bodies dropped", {{"month", from}, {"kept_reports", kept}});
  return absl::OkStatus();
}

absl::Status RetireReports::TrimKept() {
  int64_t trimmed = 0;
  std::optional<KeptReport> position;
  do {
    ASSIGN_OR_RETURN(const int64_t some, reports_.TrimKept(ignored_, position));
    trimmed += some;
  } while (position.has_value());
  if (trimmed > 0) log::Info("kept report bodies dropped", {{"reports", trimmed}});
  return absl::OkStatus();
}

absl::Status RetireReports::Count() {
  ASSIGN_OR_RETURN(const StoredMonths months, reports_.Count());
  kept_reports_.Set(static_cast<double>(months.kept_reports));
  if (months.oldest.has_value()) {
    oldest_month_seconds_.Set(static_cast<double>(absl::ToUnixSeconds(*months.oldest)));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
