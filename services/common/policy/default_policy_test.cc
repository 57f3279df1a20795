#include "services/common/policy/default_policy.h"

#include <gtest/gtest.h>

namespace quartermaster::policy {
namespace {

using InUse = std::array<bool, kLicenseClassCount>;

TEST(DefaultPolicy, HasTheVendorsNumbers) {
  EXPECT_EQ(kDefaultReportingDays[0], (ReportingDays{365, 0, 90}));
  EXPECT_EQ(kDefaultReportingDays[1], (ReportingDays{90, 90, 90}));
  EXPECT_EQ(kDefaultReportingDays[2], (ReportingDays{0, 0, 0}));
  EXPECT_EQ(kDefaultReportingDays[3], (ReportingDays{0, 0, 0}));
}

TEST(DefaultPolicy, PutsATagIntoItsClass) {
  EXPECT_EQ(ClassOf(1, 1), LicenseClass::kUnenforcedPerpetual);
  EXPECT_EQ(ClassOf(1, 2), LicenseClass::kUnenforcedSubscription);
  EXPECT_EQ(ClassOf(2, 1), LicenseClass::kEnforced);
  EXPECT_EQ(ClassOf(3, 2), LicenseClass::kExportControlled);
  EXPECT_EQ(ClassOf(0, 0), LicenseClass::kUnenforcedSubscription);
}

TEST(ShortestDays, IsTheSmallestOfTheClassesInUse) {
  EXPECT_EQ(
      ShortestDays(kDefaultReportingDays, InUse{true, true, false, false}, &ReportingDays::first_report), 90);
  EXPECT_EQ(
      ShortestDays(kDefaultReportingDays, InUse{true, false, false, false}, &ReportingDays::first_report),
      365);
  constexpr std::array<ReportingDays, kLicenseClassCount> kCustom = {
      {{30, 60, 60}, {120, 111, 111}, {0, 0, 0}, {0, 0, 0}}};
  EXPECT_EQ(ShortestDays(kCustom, InUse{true, true, false, false}, &ReportingDays::ongoing), 60);
}

TEST(ShortestDays, IsNoneWhenNoClassInUseRequiresAny) {
  EXPECT_EQ(ShortestDays(kDefaultReportingDays, InUse{true, false, true, true}, &ReportingDays::ongoing),
            std::nullopt);
  EXPECT_EQ(ShortestDays(kDefaultReportingDays, InUse{}, &ReportingDays::first_report), std::nullopt);
}

}  // namespace
}  // namespace quartermaster::policy
