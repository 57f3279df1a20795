#include "services/authority/domain/acknowledged_reports.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

using Reports = std::vector<AcknowledgedReport>;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(AcknowledgedReports, AreStoredInTheDocumentedBytes) {
  Reports reports = {{7, 300}, {5, -1}, {7, 301}, {5, -1}};
  EXPECT_EQ(PackAcknowledgedReports(reports), std::string("\x01"
                                                          "\x05\x01\x01"
                                                          "\x02\x02\xd8\x04\x01",
                                                          9));
}

TEST(AcknowledgedReports, OfExtremeIdsSurvive) {
  Reports reports = {{0, kMin}, {0, kMax}, {kMax, kMax}, {kMax, 0}, {1, kMin}};
  const std::string packed = PackAcknowledgedReports(reports);
  EXPECT_EQ(*UnpackAcknowledgedReports(packed), reports);
}

TEST(AcknowledgedReports, OfADayTakeTwoBytesEach) {
  Reports reports;
  for (int64_t i = 0; i < 1000; ++i) reports.push_back({42, 1'671'840'750 + i * 900});
  EXPECT_LT(PackAcknowledgedReports(reports).size(), 2020u);
}

RC_GTEST_PROP(AcknowledgedReports, ComeBackSortedAndWithoutRepetition,
              (const std::vector<std::pair<int64_t, int64_t>>& pairs)) {
  Reports reports;
  std::set<AcknowledgedReport> want;
  for (const auto& [source, report] : pairs) {
    // Source ids count up from 1 in the database.
    reports.push_back({source & kMax, report});
    want.insert(reports.back());
  }
  const std::string packed = PackAcknowledgedReports(reports);
  const auto unpacked = UnpackAcknowledgedReports(packed);
  RC_ASSERT(unpacked.ok());
  RC_ASSERT(Reports(want.begin(), want.end()) == *unpacked);
}

RC_GTEST_PROP(AcknowledgedReports, DamagedBytesAreRefusedOrReadButNeverCrash, (const std::string& bytes)) {
  UnpackAcknowledgedReports(bytes).status().IgnoreError();
  UnpackAcknowledgedReports("\x01" + bytes).status().IgnoreError();
}

TEST(AcknowledgedReports, AreRefusedWhenCutOff) {
  Reports reports = {{7, 300}, {7, 1000}, {9, 5}};
  const std::string packed = PackAcknowledgedReports(reports);
  for (size_t size : {size_t{0}, size_t{2}, size_t{3}, size_t{5}, packed.size() - 1}) {
    EXPECT_EQ(errors::ErrorId(UnpackAcknowledgedReports(packed.substr(0, size)).status()),
              "authority.stored_row_damaged")
        << size;
  }
}

TEST(AcknowledgedReports, RefuseACountThatTheBytesCannotHold) {
  const std::string packed("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x01", 13);
  EXPECT_EQ(errors::ErrorId(UnpackAcknowledgedReports(packed).status()), "authority.stored_row_damaged");
}

}  // namespace
}  // namespace quartermaster::authority
