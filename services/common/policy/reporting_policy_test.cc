#include "services/common/policy/reporting_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace quartermaster::policy {
namespace {

ReportingPolicy Custom(const DaysByClass& days, int push_interval_days = 30, bool required = true) {
  return {.type = PolicyType::kCustom,
          .name = "Custom",
          .acknowledgement_required = required,
          .push_interval_days = push_interval_days,
          .days = days};
}

TEST(ReportingPolicy, IsTheVendorsDefaultUntilSomethingElseIsSaid) {
  const ReportingPolicy standard;
  EXPECT_EQ(standard.name, "Default");
  EXPECT_EQ(standard.type, PolicyType::kDefault);
  EXPECT_TRUE(standard.acknowledgement_required);
  EXPECT_EQ(standard.push_interval_days, 30);
  EXPECT_EQ(standard.days, kDefaultReportingDays);
}

struct Merger {
  const char* what;
  ReportingDays a, b, want;
};
TEST(MergePolicies, TakesTheStrictestOfEachClassAndCountWhereNoneIsTheLeastStrict) {
  const Merger kMergers[] = {
      {"the smaller of two", {365, 90, 90}, {90, 120, 30}, {90, 90, 30}},
      {"none required against some", {0, 0, 90}, {30, 60, 0}, {30, 60, 90}},
      {"none required in both", {0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
  };
  for (const Merger& merger : kMergers) {
    for (size_t license_class = 0; license_class < kLicenseClassCount; ++license_class) {
      DaysByClass a = kDefaultReportingDays;
      DaysByClass b = kDefaultReportingDays;
      a[license_class] = merger.a;
      b[license_class] = merger.b;
      // Different in one more figure, so that it is a merger even where the days are the same.
      const std::vector<ReportingPolicy> both = {Custom(a, 30), Custom(b, 7)};
      EXPECT_EQ(MergePolicies(both).days[license_class], merger.want) << merger.what;
      EXPECT_EQ(MergePolicies(std::vector{both[1], both[0]}), MergePolicies(both)) << merger.what;
    }
  }
}

TEST(MergePolicies, RequiresAnAcknowledgementAndTheShortestPushIntervalOfAny) {
  const ReportingPolicy merged = MergePolicies(std::vector{Custom(kDefaultReportingDays, 30, false),
                                                           Custom(kDefaultReportingDays, 7, true),
                                                           Custom(kDefaultReportingDays, 90, false)});
  EXPECT_EQ(merged.type, PolicyType::kMerged);
  EXPECT_EQ(merged.name, "Merged");
  EXPECT_TRUE(merged.acknowledgement_required);
  EXPECT_EQ(merged.push_interval_days, 7);
}

TEST(MergePolicies, LeavesPoliciesThatRequireTheSameAsTheyAre) {
  const ReportingPolicy custom = Custom(kDefaultReportingDays);
  EXPECT_EQ(MergePolicies(std::vector{custom}), custom);
  EXPECT_EQ(MergePolicies(std::vector{custom, ReportingPolicy()}), custom);
}

struct Refusal {
  ReportingPolicy policy;
  const char* field;
  const char* got;
};
TEST(CheckPolicy, NamesTheFieldThatIsWrong) {
  DaysByClass negative = kDefaultReportingDays;
  negative[0].first_report = -1;
  DaysByClass eleven_years = kDefaultReportingDays;
  eleven_years[1].ongoing = 3651;
  DaysByClass on_change = kDefaultReportingDays;
  on_change[3].on_change = 2'000'000'000;
  ReportingPolicy merged = Custom(kDefaultReportingDays);
  merged.type = PolicyType::kMerged;
  const Refusal kRefusals[] = {
      {Custom(negative), "classes[unenforced_perpetual].first_report_days", "-1"},
      {Custom(eleven_years), "classes[unenforced_subscription].ongoing_days", "3651"},
      {Custom(on_change), "classes[export_controlled].on_change_days", "2000000000"},
      {Custom(kDefaultReportingDays, 0), "push_interval_days", "0"},
      {Custom(kDefaultReportingDays, 3651), "push_interval_days", "3651"},
      {ReportingPolicy(), "type", "default"},
      {merged, "type", "merged"},
  };
  for (const Refusal& refusal : kRefusals) {
    const auto problem = CheckPolicy(refusal.policy);
    ASSERT_TRUE(problem.has_value()) << refusal.field;
    EXPECT_EQ(problem->field, refusal.field);
    EXPECT_EQ(problem->got, refusal.got);
  }
}

TEST(CheckPolicy, TakesEveryTypeThatSomebodySets) {
  for (const PolicyType type :
       {PolicyType::kPlatformDefault, PolicyType::kFactoryInstalled, PolicyType::kCustom, PolicyType::kPlr,
        PolicyType::kFla, PolicyType::kController}) {
    ReportingPolicy policy = Custom({{{0, 0, 0}, {3650, 3650, 3650}, {1, 1, 1}, {0, 0, 0}}}, 3650, false);
    policy.type = type;
    EXPECT_FALSE(CheckPolicy(policy).has_value()) << PolicyTypeWord(type);
  }
}

TEST(DaysArray, IsReadAsItWasWritten) {
  EXPECT_EQ(DaysToArray(kDefaultReportingDays), "{365,0,90,90,90,90,0,0,0,0,0,0}");
  EXPECT_EQ(DaysFromArray(DaysToArray(kDefaultReportingDays)), kDefaultReportingDays);
}

TEST(DaysArray, RefusesWhatIsNone) {
  for (const char* text :
       {"", "{}", "365", "{365,0,90,90,90,90,0,0,0,0,0}", "{1,2,3,4,5,6,7,8,9,10,11,12,13}",
        "{365,0,90,90,90,90,0,0,0,0,0,-1}", "{365,0,90,90,90,90,0,0,0,0,0,NULL}",
        "{365,0,90,90,90,90,0,0,0,0,0,99999999999}", "{365,0,90,90,90,90,0,0,0,0,0,0"}) {
    EXPECT_EQ(DaysFromArray(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace quartermaster::policy
