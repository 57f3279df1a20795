// In-use over time as a step function, computed from the points of a timeline, and the difference of
// two such functions as movements.
//
// In use at time t:
//   - of the unsuspected points with end <= t that count at t, the last one in order gives it;
//   - when none of these is a measurement, the greatest clock suspect (by end, report id, place)
//     received at or before t and after the last release that ended by t, and that counts at t,
//     gives it instead;
//   - else it is 0.
// A verified measurement and a release always count; an unverifiable one counts at t when the
// account's policy says so at t.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_STEPS_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_STEPS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "services/ledger/domain/unverifiable_policy.h"
#include "services/ledger/domain/usage_point.h"

namespace quartermaster::ledger {

// From at_s on (Unix seconds), until the next step, in_use are used. Before the first step: 0.
struct UsageStep {
  int64_t at_s = 0;
  int64_t in_use = 0;
  bool operator==(const UsageStep&) const = default;
};
using UsageSteps = std::vector<UsageStep>;

// A movement: from effective_s on, `quantity` more (or, negative, fewer) are in use.
struct UsageDelta {
  int64_t effective_s = 0;
  int64_t quantity = 0;
  bool operator==(const UsageDelta&) const = default;
};

// `points` in order. Consecutive steps differ.
UsageSteps StepsOf(std::span<const UsagePoint> points, const UnverifiablePolicy& policy);

int64_t InUseAt(const UsageSteps& steps, int64_t time_s);
// In the end.
inline int64_t FinalInUse(const UsageSteps& steps) { return steps.empty() ? 0 : steps.back().in_use; }

// What must be posted so that `before` becomes `after`; rising effective_s, no zero quantities.
std::vector<UsageDelta> Difference(const UsageSteps& before, const UsageSteps& after);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_STEPS_H_
