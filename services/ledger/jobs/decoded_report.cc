#include "services/ledger/jobs/decoded_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

// The last second of the year 9999, as ingest accepts times.
constexpr int64_t kTimeMaxS = 253'402'300'799;

absl::Status CheckTimes(std::span<const Measurement> measurements) {
  for (const Measurement& measurement : measurements) {
    for (const int64_t time_s : {measurement.start_s, measurement.end_s}) {
      if (time_s < 0 || time_s > kTimeMaxS) {
        return ReportUnbookable(absl::StrCat("a measurement at Unix second ", time_s));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecodedReports::Add(const StoredReport& stored, const Source& source) {
  RETURN_IF_ERROR(usage::DecodeDigest(stored.digest, digest_));
  RETURN_IF_ERROR(CheckTimes(digest_.measurements));
  DecodedReport report;
  report.stored = &stored;
  report.source = source;
  report.first_measurement = measurements_.size();
  report.measurement_count = digest_.measurements.size();
  for (const Measurement& measurement : digest_.measurements) {
    measurements_.push_back(measurement);
    if (measurement.flags & kNotCounted) continue;
    report.has_counted = true;
    if (measurement.flags & kClockSuspect) {
      report.has_suspect = true;
    } else {
      report.last_measured_s = std::max(report.last_measured_s, measurement.end_s);
    }
  }
  report.software_version = digest_.software_version;
  report.ha_members = digest_.ha_members;
  reports_.push_back(std::move(report));
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
