#include "clients/fleet/fleet_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

namespace quartermaster::fleet {
namespace {

FleetParameters Small() {
  FleetParameters parameters;
  parameters.instances = 7;
  parameters.tags = 3;
  parameters.reports_per_tag = 4;
  return parameters;
}

TEST(FleetPlanTest, TheSameSeedIsTheSameFleetForEver) {
  const FleetPlan plan(Small());
  EXPECT_EQ(plan.report_count(), 84);
  EXPECT_EQ(plan.UdiOf(0).product_id, FleetPlan(Small()).UdiOf(0).product_id);
  const auto report = plan.ReportAt(83);
  EXPECT_EQ(report.measurements.back().end_s, 1767225600);
  EXPECT_EQ(report.report_id, 1767225600 - 30 * 86400);
  EXPECT_EQ(report.previous_report_id, 1767225600 - 60 * 86400);
  EXPECT_EQ(report.measurements.size(), 3u);
}

TEST(FleetPlanTest, AnotherSeedIsAnotherFleet) {
  FleetParameters other = Small();
  other.seed = 2;
  EXPECT_NE(FleetPlan(Small()).UdiOf(0).serial_number, FleetPlan(other).UdiOf(0).serial_number);
}

TEST(FleetPlanTest, EveryIdentityOccursOnceInEitherOrder) {
  std::set<std::tuple<std::string, std::string, int64_t>> identities[2];
  for (const bool in_time_order : {false, true}) {
    FleetParameters parameters = Small();
    parameters.in_time_order = in_time_order;
    const FleetPlan plan(parameters);
    for (int64_t i = 0; i < plan.report_count(); ++i) {
      const auto report = plan.ReportAt(i);
      EXPECT_TRUE(identities[in_time_order]
                      .emplace(report.udi.serial_number, report.entitlement_tag, report.report_id)
                      .second);
    }
  }
  EXPECT_EQ(identities[0], identities[1]);
}

TEST(FleetPlanTest, InTimeOrderNothingGoesBack) {
  FleetParameters parameters = Small();
  parameters.in_time_order = true;
  const FleetPlan plan(parameters);
  int64_t last_end = 0;
  for (int64_t i = 0; i < plan.report_count(); ++i) {
    const int64_t end = plan.ReportAt(i).measurements.back().end_s;
    EXPECT_GE(end, last_end);
    last_end = end;
  }
}

TEST(FleetPlanTest, ReportsOfATagJoinWithoutAGap) {
  const FleetPlan plan(Small());
  std::map<std::string, int64_t> last_end;
  for (int64_t i = 0; i < plan.report_count(); ++i) {
    const auto report = plan.ReportAt(i);
    const std::string source = report.udi.serial_number + report.entitlement_tag;
    for (const auto& interval : report.measurements) {
      if (last_end.contains(source)) {
        EXPECT_EQ(interval.start_s, last_end[source]);
      }
      EXPECT_LT(interval.start_s, interval.end_s);
      EXPECT_GE(interval.count, 1);
      last_end[source] = interval.end_s;
    }
  }
}

TEST(FleetPlanTest, WhatMakesNoFleetIsRefusedByName) {
  FleetParameters parameters;
  parameters.instances = 0;
  EXPECT_EQ(CheckParameters(parameters).message(), "instances: got 0, want 1 to 10000000");
  parameters = FleetParameters();
  parameters.keys = 0;
  EXPECT_FALSE(CheckParameters(parameters).ok());
  EXPECT_TRUE(CheckParameters(FleetParameters()).ok());
}

}  // namespace
}  // namespace quartermaster::fleet
