// One point of a usage timeline: a measurement that gives a position, or a release.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINT_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINT_H_

#include <compare>
#include <cstdint>
#include <tuple>

namespace quartermaster::ledger {

enum PointFlag : uint8_t {
  // Ended more than an hour after it was received; takes effect when it was received.
  kPointClockSuspect = 1u << 0,
  // From a report whose signature cannot be verified; counts by the account's policy.
  kPointUnverifiable = 1u << 1,
  // The device says why the measurement ended: what follows is no gap.
  kPointEndExplained = 1u << 2,
  // … and the reason is ProductReload: shown as a restart.
  kPointEndedByReload = 1u << 3,
  // Not a measurement: an administrator ended the use. The count is 0.
  kPointRelease = 1u << 4,
};

struct UsagePoint {
  // When it takes effect, Unix seconds: its end; of a clock suspect, when it was received.
  int64_t effective_s = 0;
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t report_id = 0;  // 0 for a release
  int32_t place = 0;      // of the measurement in its report
  uint32_t count = 0;
  // Which member of the HA set reported it: index into UsageTimeline::members().
  uint16_t member = 0;
  uint8_t flags = 0;

  bool is(PointFlag flag) const { return (flags & flag) != 0; }
  // Whether it counts whatever the account's policy for unverifiable reports says.
  bool always_counts() const { return !is(kPointUnverifiable); }
  bool suspect() const { return is(kPointClockSuspect); }
  bool release() const { return is(kPointRelease); }
  bool operator==(const UsagePoint&) const = default;
};

// Whether its count is what a device measured at a time that can be believed.
inline bool IsSoundMeasurement(const UsagePoint& point) { return !point.suspect() && !point.release(); }

// The order in which a timeline keeps its points. For unsuspected measurements it is (end, report
// id, place) as the semantics demand; members break what ties remain. A release comes after every
// measurement of its second, a suspect before.
inline auto OrderKey(const UsagePoint& point) {
  const int rank = point.suspect() ? 0 : point.release() ? 2 : 1;
  return std::make_tuple(point.effective_s, rank, point.end_s, point.report_id, point.place, point.member);
}
inline bool operator<(const UsagePoint& a, const UsagePoint& b) {
  if (a.effective_s != b.effective_s) return a.effective_s < b.effective_s;
  return OrderKey(a) < OrderKey(b);
}

// Which of two suspects sets the position: the greater by (end, report id, place, member).
inline bool SuspectPrecedes(const UsagePoint& a, const UsagePoint& b) {
  return std::tie(a.end_s, a.report_id, a.place, a.member) <
         std::tie(b.end_s, b.report_id, b.place, b.member);
}

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_USAGE_POINT_H_
