#include "services/ledger/domain/reporting_status.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger {
namespace {

TEST(ReportingStatus, IsTheFirstThatHolds) {
  const int64_t now = 100 * 86'400;
  EXPECT_EQ(ReportingStatusAt({false, true, now - 1}, now), ReportingStatus::kNever);
  EXPECT_EQ(ReportingStatusAt({true, true, now - 1}, now), ReportingStatus::kOverdue);
  EXPECT_EQ(ReportingStatusAt({true, true, now}, now), ReportingStatus::kGap);
  EXPECT_EQ(ReportingStatusAt({true, false, now}, now), ReportingStatus::kDue);
  EXPECT_EQ(ReportingStatusAt({true, false, now + kDueWithinS}, now), ReportingStatus::kDue);
  EXPECT_EQ(ReportingStatusAt({true, false, now + kDueWithinS + 1}, now), ReportingStatus::kCurrent);
  EXPECT_EQ(ReportingStatusAt({true, false, std::nullopt}, now), ReportingStatus::kCurrent);
}

TEST(StaleRule, NeedsThirtyDaysOfOtherReports) {
  EXPECT_FALSE(IsStale(1, false, 1000, 1000 + kStaleAfterS - 1));
  EXPECT_TRUE(IsStale(1, false, 1000, 1000 + kStaleAfterS));
  EXPECT_FALSE(IsStale(0, false, 1000, 1000 + kStaleAfterS));
  EXPECT_FALSE(IsStale(1, true, 1000, 1000 + kStaleAfterS));
}

}  // namespace
}  // namespace quartermaster::ledger
