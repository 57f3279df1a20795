// Which time the reports of one consumer and tag cover, and where it has holes. A pure function of
// the set of intervals that were added: no order or repetition matters.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COVERAGE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COVERAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::ledger {

// A hole of at most this many seconds is no gap (semantics: RUM reports, Gap). Shorter ones are not kept;
// an operator may ask for longer ones only (usage.gap_after).
inline constexpr int64_t kGapAfterS = 3600;

// A hole between covered intervals, [start, end) in Unix seconds.
struct CoverageHole {
  int64_t start_s = 0;
  int64_t end_s = 0;
  // The device explained the end before it; such a hole is no gap.
  bool explained = false;
  // … by ProductReload: a restart.
  bool restart = false;
  bool operator==(const CoverageHole&) const = default;
};

// What ended longer than this before the latest covered end is forgotten, and holes before it with it: a
// device that is off every night must not grow its row for ever. Longer than any reporting interval.
inline constexpr int64_t kCoverageKeptS = int64_t{400} * 86'400;

class Coverage {
 public:
  struct Interval {
    int64_t start_s = 0;
    int64_t end_s = 0;
    bool end_explained = false;
    bool ended_by_reload = false;
    bool operator==(const Interval&) const = default;
  };

  // Intervals at most kGapAfterS apart become one; of ends at the same second, one explanation is
  // enough. An interval that ends before it starts covers its end only.
  void Add(Interval interval);
  void Add(const Coverage& other);

  // Holes longer than `longer_than_s`, which is at least kGapAfterS, oldest first.
  std::vector<CoverageHole> Holes(int64_t longer_than_s = kGapAfterS) const;
  // Whether one of them is not explained.
  bool HasGap(int64_t longer_than_s = kGapAfterS) const;

  const std::vector<Interval>& intervals() const { return intervals_; }
  bool empty() const { return intervals_.empty(); }
  bool operator==(const Coverage&) const = default;

  // Appends the packed form (the column usage_positions.coverage) to `out`.
  void Pack(std::string& out) const;
  // False when the bytes are no packed coverage.
  [[nodiscard]] static bool Unpack(std::string_view bytes, Coverage& coverage);

 private:
  // Forgets what is too old. What is left is the same whenever it is called, because the latest end only
  // ever rises.
  void Forget();

  // Apart by more than kGapAfterS, oldest first.
  std::vector<Interval> intervals_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COVERAGE_H_
