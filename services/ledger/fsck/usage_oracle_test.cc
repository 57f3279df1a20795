#include "services/ledger/fsck/usage_oracle.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger::fsck {
namespace {

OraclePoint Point(int64_t end_s, int64_t report_id, int64_t count) {
  OraclePoint point;
  point.end_s = end_s;
  point.report_id = report_id;
  point.count = count;
  point.received_s = 1'000'000;
  point.verified = true;
  return point;
}

OraclePoint Release(int64_t at_s) {
  OraclePoint point = Point(at_s, 0, 0);
  point.release = true;
  return point;
}

// What is in use at a time.
int64_t At(const UsageOracle& oracle, int64_t time_s) {
  const auto next = oracle.figures().upper_bound(time_s);
  return next == oracle.figures().begin() ? 0 : std::prev(next)->second;
}

OraclePoint Suspect(int64_t end_s, int64_t report_id, int64_t count) {
  OraclePoint point = Point(end_s, report_id, count);
  point.suspect = true;
  return point;
}

TEST(UsageOracleTest, NothingIsInUseBeforeTheFirstMeasurementEnds) {
  UsageOracle oracle({Point(100, 1, 5)}, {});
  EXPECT_EQ(At(oracle, 99), 0);
  EXPECT_EQ(At(oracle, 100), 5);
}

TEST(UsageOracleTest, TheGreaterReportIdWinsAtTheSameEnd) {
  UsageOracle oracle({Point(100, 2, 7), Point(100, 1, 5)}, {});
  EXPECT_EQ(At(oracle, 100), 7);
  EXPECT_EQ(oracle.Latest()->report_id, 2);
}

TEST(UsageOracleTest, ASuspectSetsTheFigureFromItsReceiptUntilAnotherMeasurementExists) {
  UsageOracle alone({Suspect(9'000'000, 1, 3)}, {});
  EXPECT_EQ(At(alone, 1'000'000), 3);
  EXPECT_EQ(At(alone, 999'999), 0);
  UsageOracle both({Suspect(9'000'000, 1, 3), Point(100, 2, 8)}, {});
  EXPECT_EQ(both.InTheEnd(), 8);
  EXPECT_EQ(both.Latest()->count, 8);
}

TEST(UsageOracleTest, AReleaseEndsTheUseUntilALaterMeasurement) {
  UsageOracle oracle({Point(100, 1, 5), Release(200), Point(300, 2, 6)}, {});
  EXPECT_EQ(At(oracle, 199), 5);
  EXPECT_EQ(At(oracle, 200), 0);
  EXPECT_EQ(At(oracle, 300), 6);
}

TEST(UsageOracleTest, AReleaseEndsASuspectsUseToo) {
  UsageOracle oracle({Suspect(9'000'000, 1, 3), Release(1'000'500)}, {});
  EXPECT_EQ(At(oracle, 1'000'499), 3);
  EXPECT_EQ(oracle.InTheEnd(), 0);
}

TEST(UsageOracleTest, ASuspectAfterAReleaseIsTheLatestAgain) {
  OraclePoint later = Suspect(9'000'000, 2, 4);
  later.received_s = 1'000'900;
  UsageOracle oracle({Suspect(9'000'000, 1, 3), Release(1'000'500), later}, {});
  EXPECT_EQ(At(oracle, 1'000'600), 0);
  EXPECT_EQ(oracle.InTheEnd(), 4);
  EXPECT_EQ(oracle.Latest()->report_id, 2);
}

TEST(UsageOracleTest, APolicySwitchTakesUnverifiableUseAwayFromThenOn) {
  OraclePoint unverifiable = Point(100, 1, 4);
  unverifiable.verified = false;
  UsageOracle oracle({unverifiable}, {{200, false}});
  EXPECT_EQ(At(oracle, 150), 4);
  EXPECT_EQ(At(oracle, 200), 0);
  EXPECT_EQ(oracle.Latest()->count, 4);
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
