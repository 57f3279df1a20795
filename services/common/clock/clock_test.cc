#include "services/common/clock/clock.h"

#include <gtest/gtest.h>

namespace quartermaster {
namespace {

TEST(SystemClock, IsTheMachinesTimePlusTheOffset) {
  const SystemClock clock(absl::Hours(24 * 90));
  const absl::Time before = absl::Now();
  const absl::Duration ahead = clock.Now() - before;
  EXPECT_GE(ahead, absl::Hours(24 * 90));
  EXPECT_LT(ahead, absl::Hours(24 * 90) + absl::Minutes(1));
}

TEST(ManualClock, MovesOnlyWhenItIsMoved) {
  ManualClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  clock.Set(absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(7));
}

}  // namespace
}  // namespace quartermaster
