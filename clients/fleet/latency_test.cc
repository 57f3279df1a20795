#include "clients/fleet/latency.h"

#include <gtest/gtest.h>

namespace quartermaster::fleet {
namespace {

TEST(LatencyTest, PercentilesAreRightToThreePercent) {
  Latency latency;
  for (int i = 1; i <= 10000; ++i) latency.Add(absl::Microseconds(i * 10));
  EXPECT_EQ(latency.count(), 10000);
  EXPECT_NEAR(latency.PercentileMs(0.5), 50, 1.7);
  EXPECT_NEAR(latency.PercentileMs(0.99), 99, 3.3);
  EXPECT_EQ(latency.longest_ms(), 100);
  EXPECT_EQ(latency.PercentileMs(1), 100);
}

TEST(LatencyTest, ShortAndVeryLongDurationsHaveTheirPlace) {
  Latency latency;
  latency.Add(absl::Microseconds(3));
  EXPECT_EQ(latency.PercentileMs(0.5), 0.003);
  latency.Add(absl::Hours(10));
  EXPECT_NEAR(latency.PercentileMs(1), 36e6, 1.2e6);
}

TEST(LatencyTest, NothingMeasuredIsZero) { EXPECT_EQ(Latency().PercentileMs(0.99), 0); }

}  // namespace
}  // namespace quartermaster::fleet
