// How a product instance stands with its reports. A field beside compliance that never changes it. The
// deadlines themselves: services/common/policy.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_STATUS_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_STATUS_H_

#include <cstdint>
#include <optional>

namespace quartermaster::ledger {

enum class ReportingStatus { kCurrent, kDue, kOverdue, kGap, kNever };

// "Due" when the deadline is this near.
inline constexpr int64_t kDueWithinS = 30 * 86'400;

struct ReportingFacts {
  bool ever_reported = false;
  bool has_gap = false;
  std::optional<int64_t> deadline_s;
};
// The first that holds: never reported, overdue, a gap, due, current.
ReportingStatus ReportingStatusAt(const ReportingFacts& facts, int64_t now_s);

// Whether a position is stale: the consumer reported other tags for 30 days beyond this one's last
// end. A clock suspect's end cannot be compared, so such a position is never stale.
inline constexpr int64_t kStaleAfterS = 30 * 86'400;
bool IsStale(int64_t in_use, bool clock_suspect, int64_t latest_end_s, int64_t last_measured_s);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_STATUS_H_
