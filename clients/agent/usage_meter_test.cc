#include "clients/agent/usage_meter.h"

#include <gtest/gtest.h>

namespace quartermaster::agent {
namespace {

MeasuredInterval Interval(int64_t start_s, int64_t end_s, int64_t count) {
  return {start_s, start_s, end_s, count, "", ""};
}

TEST(UsageMeterTest, IntervalsAreCutWhereTheCountChanges) {
  UsageMeter meter(2, 1000);
  meter.SetCount(3, 1500);
  meter.SetCount(3, 1600);
  const auto intervals = meter.Close(2000, CloseReason::kInterval);
  EXPECT_EQ(intervals, (std::vector{Interval(1000, 1500, 2), Interval(1500, 2000, 3)}));
  EXPECT_EQ(meter.opened_s(), 2000);
}

TEST(UsageMeterTest, TheNextReportGoesOnWhereThisOneEnds) {
  UsageMeter meter(2, 1000);
  meter.Close(2000, CloseReason::kInterval);
  EXPECT_EQ(meter.Close(3000, CloseReason::kInterval), (std::vector{Interval(2000, 3000, 2)}));
}

TEST(UsageMeterTest, AFreshCountIsReportedThoughNoTimePassed) {
  UsageMeter meter(2, 1000);
  EXPECT_EQ(meter.Close(1000, CloseReason::kRequested).size(), 1u);
  // Nothing new to say.
  EXPECT_TRUE(meter.Close(1000, CloseReason::kRequested).empty());
}

TEST(UsageMeterTest, ReasonsStandOnTheLastInterval) {
  UsageMeter meter(2, 1000);
  meter.SetCount(4, 1200);
  const auto requested = meter.Close(1500, CloseReason::kRequested);
  EXPECT_EQ(requested[0].termination_reason, "");
  EXPECT_EQ(requested[1].termination_reason, "CurrentUsageRequested");
  EXPECT_EQ(requested[1].close_reason, "");
  const auto reload = meter.Close(1600, CloseReason::kReload);
  EXPECT_EQ(reload[0].termination_reason, "ProductReload");
  EXPECT_EQ(reload[0].close_reason, "ProductReload");
}

TEST(UsageMeterTest, ATagThatIsGoneReportsZeroOnceAndThenNothing) {
  UsageMeter meter(2, 1000);
  meter.SetCount(0, 2000);
  EXPECT_EQ(meter.Close(3000, CloseReason::kInterval),
            (std::vector{Interval(1000, 2000, 2), Interval(2000, 3000, 0)}));
  EXPECT_TRUE(meter.ended());
  EXPECT_TRUE(meter.Close(4000, CloseReason::kInterval).empty());
  meter.SetCount(5, 5000);
  EXPECT_FALSE(meter.ended());
  EXPECT_EQ(meter.Close(6000, CloseReason::kInterval), (std::vector{Interval(5000, 6000, 5)}));
}

TEST(UsageMeterTest, NothingIsMeasuredWhileSuspended) {
  UsageMeter meter(2, 1000);
  meter.Suspend(1500);
  meter.Resume(4000);
  EXPECT_EQ(meter.Close(5000, CloseReason::kInterval),
            (std::vector{Interval(1000, 1500, 2), Interval(4000, 5000, 2)}));
}

}  // namespace
}  // namespace quartermaster::agent
