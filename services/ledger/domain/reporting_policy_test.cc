#include "services/ledger/domain/reporting_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace quartermaster::ledger {
namespace {

using policy::LicenseClass;
using enum policy::LicenseClass;

int64_t At(const std::string& rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) << error;
  return absl::ToUnixSeconds(time);
}

ReportedUse Use(LicenseClass license_class, int64_t first_use_s, int64_t last_change_s = 0) {
  return {.license_class = license_class,
          .in_use = 1,
          .first_use_s = first_use_s,
          .last_change_s = last_change_s};
}

const ReportingPolicy& kDefault = policy::kDefaultReportingDays;

// The vectors of the semantics, "Policy and deadlines".
TEST(ReportingPolicyVectors, DefaultPolicyBeforeAnyAcknowledgementTakesTheSmallerFirstReport) {
  const int64_t first_use = At("2021-11-09T10:32:11Z");
  EXPECT_EQ(NextAcknowledgementDeadline(
                kDefault,
                std::vector{Use(kUnenforcedPerpetual, first_use), Use(kUnenforcedSubscription, first_use)},
                std::nullopt),
            At("2022-02-07T10:32:11Z"));
}

TEST(ReportingPolicyVectors, CustomPolicyCountsTheOngoingDaysFromTheAcknowledgement) {
  const ReportingPolicy custom = {{{30, 60, 60}, {120, 111, 111}, {0, 0, 0}, {0, 0, 0}}};
  const int64_t first_use = At("2022-01-01T00:00:00Z");
  EXPECT_EQ(
      NextAcknowledgementDeadline(
          custom, std::vector{Use(kUnenforcedPerpetual, first_use), Use(kUnenforcedSubscription, first_use)},
          At("2022-10-11T15:39:41Z")),
      At("2022-12-10T15:39:41Z"));
}

TEST(ReportingPolicyVectors, DefaultPolicyAsksNothingOfAcknowledgedPerpetualUseWithoutChange) {
  EXPECT_EQ(NextAcknowledgementDeadline(kDefault,
                                        std::vector{Use(kUnenforcedPerpetual, At("2022-01-01T00:00:00Z"),
                                                        At("2022-05-01T00:00:00Z"))},
                                        At("2022-10-11T15:39:41Z")),
            std::nullopt);
}

TEST(ReportingPolicy, AddsADeadlineForAChangeAfterTheAcknowledgement) {
  const int64_t change = At("2022-11-01T00:00:00Z");
  EXPECT_EQ(NextAcknowledgementDeadline(
                kDefault, std::vector{Use(kUnenforcedPerpetual, At("2022-01-01T00:00:00Z"), change)},
                At("2022-10-11T15:39:41Z")),
            change + 90 * 86'400);
}

TEST(ReportingPolicyVectors, CountsFromTheEarliestChangeThatNoAcknowledgementFollowed) {
  ReportedUse use =
      Use(kUnenforcedPerpetual, At("2022-01-01T00:00:00Z"), /*last_change_s=*/At("2023-04-25T00:00:00Z"));
  use.open_change_s = At("2023-02-01T00:00:00Z");
  EXPECT_EQ(NextAcknowledgementDeadline(kDefault, std::vector{use}, At("2023-01-01T00:00:00Z")),
            At("2023-05-02T00:00:00Z"));
  // Between the two only the second one is open; after both none is.
  EXPECT_EQ(NextAcknowledgementDeadline(kDefault, std::vector{use}, At("2023-03-01T00:00:00Z")),
            At("2023-07-24T00:00:00Z"));
  EXPECT_EQ(NextAcknowledgementDeadline(kDefault, std::vector{use}, At("2023-05-01T00:00:00Z")),
            std::nullopt);
}

TEST(ReportingPolicy, LooksOnlyAtClassesInUse) {
  ReportedUse unused = Use(kUnenforcedSubscription, At("2022-01-01T00:00:00Z"));
  unused.in_use = 0;
  EXPECT_EQ(NextAcknowledgementDeadline(kDefault, std::vector{unused}, std::nullopt), std::nullopt);
}

TEST(ReportingPolicy, CountsAFallToZeroAsAChangeWhileItsClassIsInUse) {
  const int64_t change = At("2022-11-01T00:00:00Z");
  ReportedUse gone = Use(kUnenforcedPerpetual, At("2022-01-01T00:00:00Z"), change);
  gone.in_use = 0;
  EXPECT_EQ(NextAcknowledgementDeadline(
                kDefault, std::vector{gone, Use(kUnenforcedPerpetual, At("2022-01-01T00:00:00Z"))},
                At("2022-10-11T15:39:41Z")),
            change + 90 * 86'400);
}

TEST(ReportingPolicy, AsksNothingOfEnforcedLicenses) {
  EXPECT_EQ(NextAcknowledgementDeadline(
                kDefault, std::vector{Use(kEnforced, 1, 1), Use(kExportControlled, 1)}, std::nullopt),
            std::nullopt);
}

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
