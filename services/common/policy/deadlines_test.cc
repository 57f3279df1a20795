#include "services/common/policy/deadlines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace quartermaster::policy {
namespace {

using enum LicenseClass;

constexpr int64_t kDay = 86'400;

// An empty text is "never".
std::optional<int64_t> At(const std::string& rfc3339) {
  if (rfc3339.empty()) return std::nullopt;
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) << error;
  return absl::ToUnixSeconds(time);
}

const DaysByClass kCustom = {{{30, 60, 60}, {120, 111, 111}, {0, 0, 0}, {0, 0, 0}}};
const DaysByClass kEveryClass = {{{40, 50, 60}, {41, 51, 61}, {42, 52, 62}, {43, 53, 63}}};

struct Scenario {
  const char* what;
  DaysByClass policy;
  std::vector<LicenseClass> in_use;
  std::string first_use;
  std::string last_acknowledgement;
  std::string last_change;
  // Empty: no deadline.
  std::string deadline;
};

// The scenarios that a license administrator checks by hand.
TEST(Deadlines, AreThoseOfTheTable) {
  const Scenario kScenarios[] = {
      {"before any acknowledgement: 90 days, the smaller of 365 and 90",
       kDefaultReportingDays,
       {kUnenforcedPerpetual, kUnenforcedSubscription},
       "2021-11-09T10:32:11Z",
       "",
       "",
       "2022-02-07T10:32:11Z"},
      {"custom, acknowledged: 60 days, the smaller of 60 and 111",
       kCustom,
       {kUnenforcedPerpetual, kUnenforcedSubscription},
       "2022-01-01T00:00:00Z",
       "2022-10-11T15:39:41Z",
       "",
       "2022-12-10T15:39:41Z"},
      {"default, only perpetual, acknowledged, no change since: none",
       kDefaultReportingDays,
       {kUnenforcedPerpetual},
       "2022-01-01T00:00:00Z",
       "2022-10-11T15:39:41Z",
       "2022-05-01T00:00:00Z",
       ""},
      {"the same with a change since: 90 days from the change",
       kDefaultReportingDays,
       {kUnenforcedPerpetual},
       "2022-01-01T00:00:00Z",
       "2022-10-11T15:39:41Z",
       "2022-11-01T00:00:00Z",
       "2023-01-30T00:00:00Z"},
      {"perpetual alone, before any acknowledgement: 365 days",
       kDefaultReportingDays,
       {kUnenforcedPerpetual},
       "2022-01-01T00:00:00Z",
       "",
       "",
       "2023-01-01T00:00:00Z"},
      {"enforced and export-controlled require nothing by default",
       kDefaultReportingDays,
       {kEnforced, kExportControlled},
       "2022-01-01T00:00:00Z",
       "",
       "2022-05-01T00:00:00Z",
       ""},
      {"a custom policy may require something of export-controlled licenses",
       kEveryClass,
       {kExportControlled},
       "2022-01-01T00:00:00Z",
       "",
       "",
       "2022-02-13T00:00:00Z"},
      {"and of enforced ones: 52 days from the acknowledgement",
       kEveryClass,
       {kEnforced},
       "2022-01-01T00:00:00Z",
       "2022-02-01T00:00:00Z",
       "",
       "2022-03-25T00:00:00Z"},
      {"nothing in use: none", kEveryClass, {}, "2022-01-01T00:00:00Z", "", "", ""},
      {"custom ongoing 60 days goes before a change with 60 days that came later",
       kCustom,
       {kUnenforcedPerpetual},
       "2022-01-01T00:00:00Z",
       "2022-10-11T15:39:41Z",
       "2022-11-01T00:00:00Z",
       "2022-12-10T15:39:41Z"},
  };
  for (const Scenario& scenario : kScenarios) {
    std::vector<ReportedUse> uses;
    for (const LicenseClass license_class : scenario.in_use) {
      uses.push_back({.license_class = license_class,
                      .in_use = 1,
                      .first_use_s = At(scenario.first_use).value_or(0),
                      .last_change_s = At(scenario.last_change).value_or(0)});
    }
    EXPECT_EQ(EarliestDeadline(scenario.policy, uses, At(scenario.last_acknowledgement)),
              At(scenario.deadline))
        << scenario.what;
  }
}

TEST(Deadlines, AnUnknownTagIsAnUnenforcedSubscription) {
  const ReportedUse unknown = {
      .license_class = ClassOf(/*enforcement=*/1, /*term=*/2), .in_use = 1, .first_use_s = 1000};
  EXPECT_EQ(EarliestDeadline(kDefaultReportingDays, std::vector{unknown}, std::nullopt), 1000 + 90 * kDay);
  EXPECT_EQ(ReportedUse().license_class, kUnenforcedSubscription);
}

TEST(Deadlines, CountFromTheEarliestChangeThatNoAcknowledgementFollowed) {
  const ReportedUse use = {.license_class = kUnenforcedPerpetual,
                           .in_use = 1,
                           .first_use_s = *At("2022-01-01T00:00:00Z"),
                           .last_change_s = *At("2023-04-25T00:00:00Z"),
                           .open_change_s = *At("2023-02-01T00:00:00Z")};
  const auto deadline = [&](const char* acknowledged) {
    return EarliestDeadline(kDefaultReportingDays, std::vector{use}, At(acknowledged));
  };
  EXPECT_EQ(deadline("2023-01-01T00:00:00Z"), At("2023-05-02T00:00:00Z"));
  // Between the two only the second one is open; after both none is.
  EXPECT_EQ(deadline("2023-03-01T00:00:00Z"), At("2023-07-24T00:00:00Z"));
  EXPECT_EQ(deadline("2023-05-01T00:00:00Z"), std::nullopt);
}

TEST(Deadlines, CountAFallToZeroAsAChangeWhileItsClassIsInUse) {
  const int64_t change = *At("2022-11-01T00:00:00Z");
  ReportedUse gone = {.license_class = kUnenforcedPerpetual, .in_use = 0, .last_change_s = change};
  ReportedUse used = {.license_class = kUnenforcedPerpetual, .in_use = 1};
  const auto acknowledged = At("2022-10-11T15:39:41Z");
  EXPECT_EQ(EarliestDeadline(kDefaultReportingDays, std::vector{gone, used}, acknowledged),
            change + 90 * kDay);
  EXPECT_EQ(EarliestDeadline(kDefaultReportingDays, std::vector{gone}, acknowledged), std::nullopt);
}

TEST(Deadlines, NameTheRuleTheTagAndTheDaysOfEach) {
  const std::vector<ReportedUse> uses = {
      {.license_class = kUnenforcedPerpetual, .in_use = 3, .first_use_s = 1000, .last_change_s = 9000},
      {.license_class = kUnenforcedSubscription, .in_use = 0, .first_use_s = 2000},
      {.license_class = kEnforced, .in_use = 1, .first_use_s = 3000}};
  const auto rules = ApplyRules(kDefaultReportingDays, uses, 5000);
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].rule, DeadlineRule::kOngoing);
  EXPECT_EQ(rules[0].due_s, std::nullopt) << "0 days: none required";
  EXPECT_EQ(rules[1].rule, DeadlineRule::kOnChange);
  EXPECT_EQ(rules[1].from_s, 9000);
  EXPECT_EQ(rules[1].days, 90);
  EXPECT_EQ(rules[1].due_s, 9000 + 90 * kDay);
  EXPECT_EQ(rules[2].use, 2u) << "a class that is not in use has no rule";
}

TEST(NextDeadlines, WithAcknowledgementsRequiredTheReportIsDueWithTheAcknowledgement) {
  ReportingPolicy policy;
  policy.days = kCustom;
  const ReportedUse use = {.in_use = 1, .first_use_s = 1000};
  const NextDeadlines next = NextDeadlinesOf(policy, std::vector{use}, {5000, 7000});
  EXPECT_EQ(next.report_s, 5000 + 111 * kDay);
  EXPECT_EQ(next.acknowledgement_s, next.report_s);
  EXPECT_EQ(next.push_s, 7000 + 30 * kDay);
}

TEST(NextDeadlines, WithoutAcknowledgementsTheReportItselfMeetsTheDeadline) {
  ReportingPolicy policy;
  policy.days = kCustom;
  policy.acknowledgement_required = false;
  policy.push_interval_days = 7;
  const ReportedUse use = {.in_use = 1, .first_use_s = 1000, .last_change_s = 6000, .open_change_s = 6000};
  const NextDeadlines next = NextDeadlinesOf(policy, std::vector{use}, {std::nullopt, 7000});
  EXPECT_EQ(next.report_s, 7000 + 111 * kDay) << "the change stood in the report";
  EXPECT_EQ(next.acknowledgement_s, std::nullopt);
  EXPECT_EQ(next.push_s, 7000 + 7 * kDay);
  // An acknowledgement shows that there was a report, whatever is known of it.
  EXPECT_EQ(NextDeadlinesOf(policy, std::vector{use}, {8000, 7000}).report_s, 8000 + 111 * kDay);
}

TEST(NextDeadlines, NobodyIsExpectedToPushBeforeTheFirstReport) {
  EXPECT_EQ(NextDeadlinesOf(ReportingPolicy(), {}, {}).push_s, std::nullopt);
}

}  // namespace
}  // namespace quartermaster::policy
