#include "services/ledger/domain/coverage.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace quartermaster::ledger {
namespace {

using Interval = Coverage::Interval;

Coverage CoverageOf(const std::vector<Interval>& intervals) {
  Coverage coverage;
  for (const Interval& interval : intervals) coverage.Add(interval);
  return coverage;
}

TEST(Coverage, JoinsIntervalsThatAreAnHourApart) {
  const Coverage coverage = CoverageOf({{0, 1000}, {1000 + kGapAfterS, 9000}});
  ASSERT_EQ(coverage.intervals().size(), 1u);
  EXPECT_EQ(coverage.intervals()[0], (Interval{0, 9000}));
  EXPECT_FALSE(coverage.HasGap());
}

TEST(Coverage, SeesAGapOneSecondLater) {
  const Coverage coverage = CoverageOf({{0, 1000}, {1001 + kGapAfterS, 9000}});
  EXPECT_TRUE(coverage.HasGap());
  EXPECT_EQ(coverage.Holes(), (std::vector<CoverageHole>{{1000, 1001 + kGapAfterS, false, false}}));
}

TEST(Coverage, SeesNoGapAfterAnExplainedEnd) {
  const Coverage coverage = CoverageOf({{0, 1000, true, false}, {10'000, 11'000}});
  EXPECT_FALSE(coverage.HasGap());
  ASSERT_EQ(coverage.Holes().size(), 1u);
  EXPECT_TRUE(coverage.Holes()[0].explained);
}

TEST(Coverage, ShowsAReloadAsARestart) {
  const Coverage coverage = CoverageOf({{0, 1000, true, true}, {10'000, 11'000}});
  ASSERT_EQ(coverage.Holes().size(), 1u);
  EXPECT_TRUE(coverage.Holes()[0].restart);
}

TEST(Coverage, ClosesAGapWhenTheMissingReportArrives) {
  Coverage coverage = CoverageOf({{0, 1000}, {100'000, 110'000}});
  ASSERT_TRUE(coverage.HasGap());
  coverage.Add({1000, 100'000});
  EXPECT_FALSE(coverage.HasGap());
  EXPECT_EQ(coverage.intervals(), (std::vector<Interval>{{0, 110'000}}));
}

TEST(Coverage, ForgetsWhatIsOlderThanAnyReportingInterval) {
  constexpr int64_t kDay = 86'400;
  Coverage nightly;
  for (int64_t day = 0; day < 2000; ++day) nightly.Add({day * kDay, day * kDay + 12 * 3600});
  EXPECT_LE(nightly.intervals().size(), 402u);
  EXPECT_TRUE(nightly.HasGap());
}

RC_GTEST_PROP(CoverageProperty, ForgetsTheSameInAnyOrder, ()) {
  std::vector<Interval> intervals;
  const int count = *rc::gen::inRange(1, 30);
  for (int i = 0; i < count; ++i) {
    // Half hours over some time more than is kept, many of them around its limit.
    const int64_t start_s =
        *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, 30), rc::gen::inRange<int64_t>(0, 40'000),
                        rc::gen::inRange<int64_t>(19'190, 19'230)) *
        1800;
    const int64_t length_s =
        *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, 6), rc::gen::inRange<int64_t>(0, 20'000));
    intervals.push_back({start_s, start_s + length_s * 1800, *rc::gen::arbitrary<bool>()});
  }
  const Coverage in_one_order = CoverageOf(intervals);
  for (size_t i = 1; i < intervals.size(); ++i) {
    std::swap(intervals[i], intervals[*rc::gen::inRange<size_t>(0, i + 1)]);
  }
  RC_ASSERT(CoverageOf(intervals) == in_one_order);
}

TEST(Coverage, TakesOverlapWithoutComplaint) {
  EXPECT_EQ(CoverageOf({{0, 1000}, {500, 2000}, {100, 200}}).intervals(), (std::vector<Interval>{{0, 2000}}));
}

TEST(Coverage, KeepsTheExplanationOfTheLatestEndOnly) {
  const Coverage coverage = CoverageOf({{0, 1000, true, true}, {0, 1500}, {20'000, 21'000}});
  EXPECT_TRUE(coverage.HasGap());
}

// Intervals that touch, overlap and leave holes in a small range.
std::vector<Interval> ArbitraryIntervals() {
  return *rc::gen::container<std::vector<Interval>>(rc::gen::exec([] {
    Interval interval;
    interval.start_s = *rc::gen::inRange<int64_t>(0, 60) * 900;
    interval.end_s = interval.start_s + *rc::gen::inRange<int64_t>(0, 8) * 900;
    interval.end_explained = *rc::gen::arbitrary<bool>();
    interval.ended_by_reload = interval.end_explained && *rc::gen::arbitrary<bool>();
    return interval;
  }));
}

RC_GTEST_PROP(Coverage, IsTheSameForEveryOrderAndRepetition, ()) {
  const std::vector<Interval> intervals = ArbitraryIntervals();
  std::vector<Interval> shuffled = intervals;
  shuffled.insert(shuffled.end(), intervals.begin(), intervals.begin() + intervals.size() / 2);
  for (size_t i = 1; i < shuffled.size(); ++i) {
    std::swap(shuffled[i], shuffled[*rc::gen::inRange<size_t>(0, i + 1)]);
  }
  RC_ASSERT(CoverageOf(intervals) == CoverageOf(shuffled));
}

RC_GTEST_PROP(Coverage, HasAGapExactlyWhereNoIntervalIsNear, ()) {
  const std::vector<Interval> intervals = ArbitraryIntervals();
  const Coverage coverage = CoverageOf(intervals);
  for (const Interval& before : intervals) {
    int64_t next_start = INT64_MAX;
    bool is_latest_end = true;
    bool explained = before.end_explained;
    for (const Interval& other : intervals) {
      if (other.end_s == before.end_s) explained |= other.end_explained;
      if (other.start_s <= before.end_s + kGapAfterS && other.end_s > before.end_s) {
        is_latest_end = false;
      }
      if (other.start_s > before.end_s) next_start = std::min(next_start, other.start_s);
    }
    if (!is_latest_end || next_start == INT64_MAX) continue;
    const std::vector<CoverageHole> holes = coverage.Holes();
    const auto hole = std::find_if(holes.begin(), holes.end(), [&](const CoverageHole& h) {
      return h.start_s == before.end_s && h.end_s == next_start;
    });
    RC_ASSERT(hole != holes.end());
    RC_ASSERT(hole->explained == explained);
  }
}

RC_GTEST_PROP(Coverage, GivesBackItsPackedForm, ()) {
  const Coverage coverage = CoverageOf(ArbitraryIntervals());
  std::string packed;
  coverage.Pack(packed);
  Coverage unpacked;
  RC_ASSERT(Coverage::Unpack(packed, unpacked));
  RC_ASSERT(unpacked == coverage);
}

RC_GTEST_PROP(Coverage, NeverCrashesOnArbitraryBytes, (const std::string& bytes)) {
  Coverage coverage;
  RC_CLASSIFY(Coverage::Unpack(bytes, coverage));
}

TEST(CoverageTest, AnOperatorMayCallOnlyLongerHolesGaps) {
  Coverage coverage;
  coverage.Add({0, 1000});
  coverage.Add({1000 + 2 * kGapAfterS, 20'000});
  EXPECT_TRUE(coverage.HasGap());
  EXPECT_TRUE(coverage.HasGap(2 * kGapAfterS - 1));
  EXPECT_FALSE(coverage.HasGap(2 * kGapAfterS));
  EXPECT_EQ(coverage.Holes(2 * kGapAfterS - 1).size(), 1u);
  EXPECT_TRUE(coverage.Holes(2 * kGapAfterS).empty());
}

}  // namespace
}  // namespace quartermaster::ledger
