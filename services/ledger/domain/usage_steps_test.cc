#include "services/ledger/domain/usage_steps.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace quartermaster::ledger {
namespace {

UsagePoint Measured(int64_t end_s, uint32_t count, uint8_t flags = 0) {
  UsagePoint point;
  point.effective_s = point.end_s = end_s;
  point.start_s = end_s - 10;
  point.report_id = 7;
  point.count = count;
  point.flags = flags;
  return point;
}

UsagePoint Suspect(int64_t received_s, int64_t end_s, uint32_t count, uint8_t flags = 0) {
  UsagePoint point = Measured(end_s, count, flags | kPointClockSuspect);
  point.effective_s = received_s;
  return point;
}

UsagePoint Released(int64_t at_s) {
  UsagePoint point = Measured(at_s, 0, kPointRelease);
  point.start_s = at_s;
  point.report_id = 0;
  return point;
}

const UnverifiablePolicy kCountsAll;

TEST(UsageSteps, FollowTheLatestMeasurement) {
  EXPECT_EQ(StepsOf({{Measured(10, 2), Measured(20, 2), Measured(30, 5)}}, kCountsAll),
            (UsageSteps{{10, 2}, {30, 5}}));
}

TEST(UsageSteps, TakeTheGreaterReportIdAtTheSameEnd) {
  UsagePoint later = Measured(10, 4);
  later.report_id = 8;
  EXPECT_EQ(StepsOf({{Measured(10, 2), later}}, kCountsAll), (UsageSteps{{10, 4}}));
}

TEST(UsageSteps, TakeASuspectFromItsReceiptUntilAnUnsuspectedMeasurement) {
  EXPECT_EQ(StepsOf({{Suspect(10, 9'000'000, 3), Measured(50, 1)}}, kCountsAll),
            (UsageSteps{{10, 3}, {50, 1}}));
}

TEST(UsageSteps, IgnoreASuspectWhereAnUnsuspectedMeasurementExists) {
  EXPECT_EQ(StepsOf({{Measured(10, 1), Suspect(20, 9'000'000, 3)}}, kCountsAll), (UsageSteps{{10, 1}}));
}

TEST(UsageSteps, EndAtAReleaseAndGoOnWithTheNextMeasurement) {
  EXPECT_EQ(StepsOf({{Measured(10, 3), Released(20), Measured(30, 2)}}, kCountsAll),
            (UsageSteps{{10, 3}, {20, 0}, {30, 2}}));
}

TEST(UsageSteps, LetASuspectCountAgainAfterItsReleaseButNotAnOlderOne) {
  EXPECT_EQ(StepsOf({{Suspect(10, 9'000'000, 3), Released(20), Suspect(30, 8'000'000, 2)}}, kCountsAll),
            (UsageSteps{{10, 3}, {20, 0}, {30, 2}}));
}

TEST(UsageSteps, StopCountingUnverifiableOnesFromTheSwitchOn) {
  const UnverifiablePolicy policy({{25, false}, {60, true}});
  EXPECT_EQ(StepsOf({{Measured(10, 4, kPointUnverifiable), Measured(40, 6, kPointUnverifiable)}}, policy),
            (UsageSteps{{10, 4}, {25, 0}, {60, 6}}));
}

TEST(UsageSteps, FallBackToTheVerifiedMeasurementWhileUnverifiableOnesDoNotCount) {
  const UnverifiablePolicy policy({{25, false}});
  EXPECT_EQ(StepsOf({{Measured(10, 4), Measured(20, 6, kPointUnverifiable)}}, policy),
            (UsageSteps{{10, 4}, {20, 6}, {25, 4}}));
}

TEST(UsageSteps, GiveTheFigureAtAnyTime) {
  const UsageSteps steps{{10, 2}, {30, 5}};
  EXPECT_EQ(InUseAt(steps, 9), 0);
  EXPECT_EQ(InUseAt(steps, 10), 2);
  EXPECT_EQ(InUseAt(steps, 29), 2);
  EXPECT_EQ(InUseAt(steps, 30), 5);
  EXPECT_EQ(FinalInUse(steps), 5);
}

TEST(UsageSteps, DifferWhereTheyDiffer) {
  EXPECT_EQ(Difference({{10, 2}, {30, 5}}, {{10, 2}, {20, 4}, {30, 5}}),
            (std::vector<UsageDelta>{{20, 2}, {30, -2}}));
  EXPECT_EQ(Difference({{10, 2}}, {}), (std::vector<UsageDelta>{{10, -2}}));
  EXPECT_TRUE(Difference({{10, 2}}, {{10, 2}}).empty());
}

// The rule as usage_steps.h states it, word by word.
int64_t InUseByDefinition(std::vector<UsagePoint> points, const UnverifiablePolicy& policy, int64_t time_s) {
  std::erase_if(points, [&](const UsagePoint& p) {
    return p.effective_s > time_s || (p.is(kPointUnverifiable) && !policy.CountsAt(time_s));
  });
  std::vector<UsagePoint> sound;
  int64_t released_s = INT64_MIN;
  bool measured = false;
  for (const UsagePoint& p : points) {
    if (p.suspect()) continue;
    sound.push_back(p);
    measured |= !p.release();
    if (p.release()) released_s = std::max(released_s, p.end_s);
  }
  if (measured) return std::max_element(sound.begin(), sound.end())->count;
  std::vector<UsagePoint> suspects;
  for (const UsagePoint& p : points) {
    if (p.suspect() && p.effective_s > released_s) suspects.push_back(p);
  }
  if (suspects.empty()) return 0;
  return std::max_element(suspects.begin(), suspects.end(), SuspectPrecedes)->count;
}

UsagePoint ArbitraryPoint(int64_t serial) {
  const int64_t at_s = *rc::gen::inRange<int64_t>(0, 20);
  if (*rc::gen::inRange(0, 12) == 0) return Released(at_s);
  const uint32_t count = *rc::gen::inRange<uint32_t>(0, 4);
  const uint8_t flags = *rc::gen::inRange(0, 3) == 0 ? kPointUnverifiable : 0;
  UsagePoint point = *rc::gen::inRange(0, 3) == 0
                         ? Suspect(at_s, 4000 + *rc::gen::inRange<int64_t>(0, 9), count, flags)
                         : Measured(at_s, count, flags);
  point.report_id = *rc::gen::inRange<int64_t>(0, 4);
  point.place = static_cast<int32_t>(serial);
  return point;
}

RC_GTEST_PROP(UsageSteps, AgreeWithTheDefinitionAtEveryTime, ()) {
  std::vector<UsagePoint> points;
  const int count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) points.push_back(ArbitraryPoint(i));
  std::sort(points.begin(), points.end());
  std::vector<PolicySwitch> switches;
  for (int64_t at_s = *rc::gen::inRange<int64_t>(0, 30); at_s < 25;
       at_s += *rc::gen::inRange<int64_t>(1, 15)) {
    switches.push_back({at_s, *rc::gen::arbitrary<bool>()});
  }
  const UnverifiablePolicy policy(switches);
  const UsageSteps steps = StepsOf(points, policy);
  for (int64_t time_s = -1; time_s < 30; ++time_s) {
    RC_ASSERT(InUseAt(steps, time_s) == InUseByDefinition(points, policy, time_s));
  }
}

}  // namespace
}  // namespace quartermaster::ledger
