#include "clients/agent/agent_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "services/common/errors/error.h"

namespace quartermaster::agent {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kStart = 1767225600;

AgentState NewAgent() {
  AgentState state;
  state.udi = {"C9300-24UX", "FCW2134L0AB"};
  state.hostname = "edge-1";
  state.clock_s = kStart;
  state.signing = SigningKind::kBuiltin;
  return state;
}

TEST(AgentStateTest, ReportsCloseAtTheirIntervalWhileTimePasses) {
  AgentState state = NewAgent();
  ASSERT_TRUE(SetTagCount(state, "tag", 5).ok());
  const auto closed = Advance(state, 100 * kDay);
  ASSERT_TRUE(closed.ok());
  ASSERT_EQ(closed->size(), 3u);
  EXPECT_EQ((*closed)[0].record.start_s, kStart);
  EXPECT_EQ((*closed)[0].record.end_s, kStart + 30 * kDay);
  EXPECT_EQ((*closed)[2].record.end_s, kStart + 90 * kDay);
  EXPECT_EQ((*closed)[2].content.previous_report_id, (*closed)[1].record.report_id);
  EXPECT_EQ(state.clock_s, kStart + 100 * kDay);
  EXPECT_EQ(CloseReports(state, CloseReason::kRequested)[0].record.end_s, kStart + 100 * kDay);
}

TEST(AgentStateTest, AReloadIsExplainedAndAPowerCutIsNot) {
  AgentState state = NewAgent();
  ASSERT_TRUE(SetTagCount(state, "tag", 5).ok());
  ASSERT_TRUE(Advance(state, kDay).ok());
  const auto reload = Reload(state, 600);
  ASSERT_TRUE(reload.ok());
  EXPECT_EQ((*reload)[0].content.measurements.back().close_reason, "ProductReload");
  ASSERT_TRUE(Advance(state, kDay).ok());
  const auto off = PowerOff(state, 2 * kDay);
  ASSERT_TRUE(off.ok());
  EXPECT_EQ((*off)[0].record.start_s, kStart + kDay + 600);
  EXPECT_EQ((*off)[0].content.measurements.back().close_reason, "");
  ASSERT_TRUE(Advance(state, kDay).ok());
  const auto last = CloseReports(state, CloseReason::kRequested);
  EXPECT_EQ(last[0].record.start_s, kStart + 4 * kDay + 600);
}

TEST(AgentStateTest, AfterASwitchoverTheOtherUnitReports) {
  AgentState state = NewAgent();
  EXPECT_FALSE(Switchover(state).ok());
  state.ha_peer = Udi{"C9300-24UX", "FCW2134L0AC"};
  ASSERT_TRUE(SetTagCount(state, "tag", 2).ok());
  ASSERT_TRUE(Advance(state, kDay).ok());
  const auto before = Switchover(state);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ((*before)[0].content.udi.serial_number, "FCW2134L0AB");
  ASSERT_TRUE(Advance(state, kDay).ok());
  const auto after = CloseReports(state, CloseReason::kInterval);
  EXPECT_EQ(after[0].content.udi.serial_number, "FCW2134L0AC");
  EXPECT_EQ(after[0].content.previous_report_id, 0);
  EXPECT_EQ(after[0].content.ha_units[1].udi.serial_number, "FCW2134L0AB");
  EXPECT_EQ(after[0].record.start_s, (*before)[0].record.end_s);
}

TEST(AgentStateTest, WhatCannotBeIsRefusedByFieldAndValue) {
  AgentState state = NewAgent();
  EXPECT_EQ(SetTagCount(state, "tag", -1).message(), "count: got -1, want 0 to 2147483647");
  EXPECT_EQ(SetTagCount(state, "tag", 2147483648).message(), "count: got 2147483648, want 0 to 2147483647");
  EXPECT_FALSE(SetTagCount(state, "", 1).ok());
  EXPECT_EQ(errors::ErrorId(Advance(state, -1).status()), "agent.argument_invalid");
  EXPECT_TRUE(state.meters.empty());
}

TEST(AgentStateTest, DamagedStateIsRefusedWithWhatIsWrong) {
  EXPECT_EQ(errors::ErrorId(StateFromJson("{").status()), "agent.state_malformed");
  EXPECT_EQ(StateFromJson(R"({"format": 7})").status().message(), "format: got 7, want 1");
  EXPECT_FALSE(StateFromJson("[]").ok());
}

RC_GTEST_PROP(AgentStateTest, WhateverHappensReportsJoinWithoutOverlapAndIdsNeverRepeat, ()) {
  AgentState state = NewAgent();
  state.ha_peer = Udi{"C9300-24UX", "FCW2134L0AC"};
  std::vector<ReportToWrite> all;
  const auto keep = [&](absl::StatusOr<std::vector<ReportToWrite>> closed) {
    RC_ASSERT(closed.ok());
    all.insert(all.end(), closed->begin(), closed->end());
  };
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 7))) {
    const int64_t seconds = *rc::gen::inRange<int64_t>(0, 40 * kDay);
    const std::string tag = *rc::gen::element<std::string>("a", "b");
    if (step <= 1) RC_ASSERT(SetTagCount(state, tag, *rc::gen::inRange(0, 5)).ok());
    if (step == 2 || step == 3) keep(Advance(state, seconds));
    if (step == 4) keep(Reload(state, seconds));
    if (step == 5) keep(Switchover(state));
    if (step == 6) keep(CloseReports(state, CloseReason::kRequested));
    const auto copy = StateFromJson(StateToJson(state));
    RC_ASSERT(copy.ok());
    RC_ASSERT(StateToJson(*copy) == StateToJson(state));
  }
  std::map<std::string, int64_t> last_end;
  std::set<int64_t> ids;
  for (const ReportToWrite& report : all) {
    RC_ASSERT(ids.insert(report.record.report_id).second);
    for (const MeasuredInterval& interval : report.content.measurements) {
      RC_ASSERT(interval.start_s <= interval.end_s);
      const auto last = last_end.find(report.record.entitlement_tag);
      if (last != last_end.end()) RC_ASSERT(interval.start_s >= last->second);
      last_end[report.record.entitlement_tag] = interval.end_s;
    }
  }
}

}  // namespace
}  // namespace quartermaster::agent
