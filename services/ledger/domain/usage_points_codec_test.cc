#include "services/ledger/domain/usage_points_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace quartermaster::ledger {
namespace {

// A device that closes one measurement of eight hours after another.
std::vector<UsagePoint> OrdinaryPoints(int count) {
  std::vector<UsagePoint> points;
  for (int i = 0; i < count; ++i) {
    UsagePoint point;
    point.start_s = 1'671'880'245 + i * 28'800;
    point.end_s = point.effective_s = point.start_s + 28'800;
    point.report_id = 1'671'840'750 + (i / 3) * 86'400;
    point.place = i % 3;
    point.count = i % 7 == 0 ? 3 : 2;
    points.push_back(point);
  }
  return points;
}

UsagePoint ArbitraryPoint() {
  UsagePoint point;
  point.flags = *rc::gen::inRange<uint8_t>(0, 32);
  point.effective_s = *rc::gen::arbitrary<int32_t>();
  point.member = *rc::gen::inRange<uint16_t>(0, 3);
  point.place = *rc::gen::inRange<int32_t>(0, 4);
  if (point.release()) {
    point.flags = kPointRelease;
    point.start_s = point.end_s = point.effective_s;
    return point;
  }
  point.start_s = *rc::gen::arbitrary<int64_t>();
  point.end_s = point.suspect() ? *rc::gen::arbitrary<int64_t>() : point.effective_s;
  point.report_id = *rc::gen::arbitrary<int64_t>();
  point.count = *rc::gen::arbitrary<uint32_t>();
  return point;
}

RC_GTEST_PROP(UsagePointsCodec, GivesBackEveryPoint, ()) {
  std::vector<UsagePoint> points;
  const int count = *rc::gen::inRange(0, 40);
  for (int i = 0; i < count; ++i) points.push_back(ArbitraryPoint());
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end(),
                           [](const auto& a, const auto& b) { return OrderKey(a) == OrderKey(b); }),
               points.end());
  std::string packed;
  PackPoints(points, packed);
  std::vector<UsagePoint> unpacked;
  RC_ASSERT(UnpackPoints(packed, unpacked));
  RC_ASSERT(unpacked == points);
}

RC_GTEST_PROP(UsagePointsCodec, NeverCrashesOnArbitraryBytes, (const std::string& bytes)) {
  std::vector<UsagePoint> points;
  RC_CLASSIFY(UnpackPoints(bytes, points));
}

TEST(UsagePointsCodec, TakesAtMostTenBytesForAnOrdinaryPoint) {
  std::string packed;
  PackPoints(OrdinaryPoints(300), packed);
  EXPECT_LE(packed.size(), 300 * 10u);
}

TEST(UsagePointsCodec, RefusesBytesThatEndInsideAPoint) {
  std::string packed;
  PackPoints(OrdinaryPoints(2), packed);
  std::vector<UsagePoint> points;
  EXPECT_FALSE(UnpackPoints(packed.substr(0, packed.size() - 1), points));
}

TEST(UsagePointsCodec, RefusesAPointThatRepeatsTheOneBefore) {
  std::string packed;
  const std::vector<UsagePoint> once = OrdinaryPoints(1);
  PackPoints(std::vector<UsagePoint>{once[0], once[0]}, packed);
  std::vector<UsagePoint> points;
  EXPECT_FALSE(UnpackPoints(packed, points));
}

TEST(UsagePointsCodec, PacksAsManyPointsAsFitAndAtLeastOne) {
  const std::vector<UsagePoint> points = OrdinaryPoints(50);
  std::string some;
  const size_t packed = PackPointsUpTo(points, 100, some);
  EXPECT_LE(some.size(), 100u);
  EXPECT_GE(packed, 9u);
  std::vector<UsagePoint> unpacked;
  ASSERT_TRUE(UnpackPoints(some, unpacked));
  EXPECT_EQ(unpacked, std::vector<UsagePoint>(points.begin(), points.begin() + packed));
  std::string one;
  EXPECT_EQ(PackPointsUpTo(points, 1, one), 1u);
}

}  // namespace
}  // namespace quartermaster::ledger
