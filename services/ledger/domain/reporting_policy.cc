#include "services/ledger/domain/reporting_policy.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDayS = 86'400;

// Keeps the earliest deadline.
class Earliest {
 public:
  void Consider(int64_t from_s, int days) {
    if (days <= 0) return;
    const int64_t deadline_s = from_s + days * kDayS;
    if (!deadline_s_.has_value() || deadline_s < *deadline_s_) deadline_s_ = deadline_s;
  }
  std::optional<int64_t> deadline_s() const { return deadline_s_; }

 private:
  std::optional<int64_t> deadline_s_;
};

}  // namespace

std::optional<int64_t> NextAcknowledgementDeadline(const ReportingPolicy& policy,
                                                   std::span<const ReportedUse> uses,
                                                   std::optional<int64_t> last_acknowledged_s) {
  std::array<bool, policy::kLicenseClassCount> in_use{};
  for (const ReportedUse& use : uses) {
    if (use.in_use > 0) in_use[static_cast<size_t>(use.license_class)] = true;
  }
  Earliest earliest;
  for (const ReportedUse& use : uses) {
    const size_t license_class = static_cast<size_t>(use.license_class);
    if (!in_use[license_class]) continue;
    const policy::ReportingDays& days = policy[license_class];
    if (last_acknowledged_s.has_value()) {
      earliest.Consider(*last_acknowledged_s, days.ongoing);
    } else if (use.first_use_s != 0) {
      earliest.Consider(use.first_use_s, days.first_report);
    }
    const int64_t acknowledged_s = last_acknowledged_s.value_or(0);
    // Was the open one acknowledged since, then what changed after it did so while that was under way.
    const int64_t change_s = use.open_change_s > acknowledged_s ? use.open_change_s : use.last_change_s;
    if (change_s > acknowledged_s) earliest.Consider(change_s, days.on_change);
  }
  return earliest.deadline_s();
}

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
