// When a product instance must have its next report acknowledged, and how it stands with that.
// Reporting status is a field beside compliance and never changes it.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_POLICY_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_POLICY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "services/common/policy/default_policy.h"

namespace quartermaster::ledger {

// Day counts of the policy in force, by policy::LicenseClass.
using ReportingPolicy = std::array<policy::ReportingDays, policy::kLicenseClassCount>;

// One position as deadlines see it. Times are Unix seconds; 0 = never.
struct ReportedUse {
  policy::LicenseClass license_class = policy::LicenseClass::kUnenforcedSubscription;
  int64_t in_use = 0;
  int64_t first_use_s = 0;
  int64_t last_change_s = 0;
  // The first change that no acknowledgement followed, as known when the position changed last; an
  // acknowledgement since then may have followed it.
  int64_t open_change_s = 0;
};

// The earliest deadline over the classes in use, Unix seconds:
//   - after an acknowledgement, the ongoing days from it; before any, the first-report days from the
//     first use of the class;
//   - the on-change days from the earliest change of consumption that no acknowledgement followed.
// None when nothing of that is required.
std::optional<int64_t> NextAcknowledgementDeadline(const ReportingPolicy& policy,
                                                   std::span<const ReportedUse> uses,
                                                   std::optional<int64_t> last_acknowledged_s);

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

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_REPORTING_POLICY_H_
