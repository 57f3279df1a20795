#include "services/ledger/fsck/timeline_oracle.h"

#include <gtest/gtest.h>

#include <random>

#include "services/ledger/domain/coverage.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr int64_t kDay = 86'400;

OraclePoint Point(int64_t start_s, int64_t end_s, int64_t count = 1) {
  OraclePoint point;
  point.start_s = start_s;
  point.end_s = end_s;
  point.report_id = end_s;
  point.count = count;
  point.received_s = 1'000'000;
  point.verified = true;
  return point;
}

OraclePoint Suspect(int64_t start_s, int64_t received_s, int64_t count = 1) {
  OraclePoint point = Point(start_s, 9'000'000'000, count);
  point.received_s = received_s;
  point.suspect = true;
  return point;
}

OraclePoint Explained(OraclePoint point, bool reload = false) {
  point.end_explained = true;
  point.ended_by_reload = reload;
  return point;
}

std::vector<OracleInterval> CoverageOf(std::vector<OraclePoint> points) {
  return TimelineOracle(std::move(points)).Coverage();
}

TEST(TimelineOracleTest, AnHourIsNoHoleAndASecondMoreIs) {
  EXPECT_EQ(CoverageOf({Point(0, 100), Point(3700, 4000)}), (std::vector<OracleInterval>{{0, 4000}}));
  EXPECT_EQ(CoverageOf({Point(3701, 4000), Point(0, 100)}),
            (std::vector<OracleInterval>{{0, 100}, {3701, 4000}}));
}

TEST(TimelineOracleTest, AHoleIsAGapUnlessItsBeginIsExplained) {
  EXPECT_TRUE(HasGap(CoverageOf({Point(0, 100), Point(9000, 9100)})));
  EXPECT_FALSE(HasGap(CoverageOf({Explained(Point(0, 100)), Point(9000, 9100)})));
  EXPECT_FALSE(HasGap(CoverageOf({Point(0, 100)})));
  EXPECT_FALSE(HasGap({}));
}

TEST(TimelineOracleTest, OneExplanationOfAnEndIsEnough) {
  EXPECT_EQ(CoverageOf({Explained(Point(0, 100), true), Point(50, 100), Explained(Point(0, 60))}),
            (std::vector<OracleInterval>{{0, 100, true, true}}));
  EXPECT_EQ(CoverageOf({Explained(Point(0, 100)), Point(50, 101)}),
            (std::vector<OracleInterval>{{0, 101, false, false}}));
}

TEST(TimelineOracleTest, SuspectsAndReleasesCoverNothing) {
  OraclePoint release = Point(500, 500, 0);
  release.release = true;
  EXPECT_EQ(CoverageOf({Suspect(0, 50), release, Point(600, 700)}),
            (std::vector<OracleInterval>{{600, 700}}));
}

TEST(TimelineOracleTest, CoverageIsKeptFor400DaysBeforeTheLatestEnd) {
  const int64_t end_s = 1000 * kDay;
  EXPECT_EQ(CoverageOf({Point(0, kDay), Point(590 * kDay, 601 * kDay), Point(700 * kDay, end_s)}),
            (std::vector<OracleInterval>{{600 * kDay, 601 * kDay}, {700 * kDay, end_s}}));
}

TEST(TimelineOracleTest, TheFirstUseIsTheEarliestStartWithACountAndASuspectsReceipt) {
  EXPECT_EQ(TimelineOracle({Point(300, 400), Point(100, 200), Point(0, 50, 0)}).FirstUse(), 100);
  EXPECT_EQ(TimelineOracle({Point(300, 400), Suspect(10, 250)}).FirstUse(), 250);
  EXPECT_EQ(TimelineOracle({Point(0, 400)}).FirstUse(), 1) << "0 says never";
  EXPECT_EQ(TimelineOracle({Point(0, 50, 0)}).FirstUse(), 0);
}

TEST(TimelineOracleTest, AChangeIsAnotherCountThanThatOfTheMeasurementBefore) {
  EXPECT_EQ(TimelineOracle(
                {Point(0, 300, 2), Point(0, 100, 1), Point(0, 200, 1), Point(0, 400, 1), Suspect(0, 350, 9)})
                .Changes(),
            (std::vector<int64_t>{300, 400}));
  EXPECT_EQ(TimelineOracle({Point(0, 100, 7)}).Changes(), (std::vector<int64_t>{}));
}

// Two rules written apart: the sweep here, and the one that takes intervals in any order as they come.
TEST(TimelineOracleTest, CoverageIsWhatTheBooksKeepWhateverTheOrder) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
    };
    std::vector<OraclePoint> points;
    Coverage books;
    for (int64_t left = 1 + below(40); left > 0; --left) {
      const int64_t start_s = below(900) * kDay + below(3) * 1800;
      OraclePoint point = Point(start_s, start_s + below(6) * kDay / 2);
      if (below(3) == 0) point = Explained(point, below(2) == 0);
      books.Add({point.start_s, point.end_s, point.end_explained, point.ended_by_reload});
      points.push_back(point);
    }
    const std::vector<OracleInterval> want = CoverageOf(points);
    ASSERT_EQ(books.intervals().size(), want.size()) << seed;
    for (size_t i = 0; i < want.size(); ++i) {
      const Coverage::Interval& got = books.intervals()[i];
      EXPECT_EQ((OracleInterval{got.start_s, got.end_s, got.end_explained, got.ended_by_reload}), want[i])
          << "seed " << seed << " piece " << i;
    }
    EXPECT_EQ(books.HasGap(), HasGap(want)) << seed;
  }
}

}  // namespace
}  // namespace quartermaster::ledger::fsck
