#include "services/ledger/domain/reporting_status.h"

namespace quartermaster::ledger {

ReportingStatus ReportingStatusAt(const ReportingFacts& facts, int64_t now_s) {
  if (!facts.ever_reported) return ReportingStatus::kNever;
  if (facts.deadline_s.has_value() && *facts.deadline_s < now_s) return ReportingStatus::kOverdue;
  if (facts.has_gap) return ReportingStatus::kGap;
  if (facts.deadline_s.has_value() && *facts.deadline_s - now_s <= kDueWithinS) {
    return ReportingStatus::kDue;
  }
  return ReportingStatus::kCurrent;
}

bool IsStale(int64_t in_use, bool clock_suspect, int64_t latest_end_s, int64_t last_measured_s) {
  return in_use > 0 && !clock_suspect && last_measured_s - latest_end_s >= kStaleAfterS;
}

}  // namespace quartermaster::ledger
