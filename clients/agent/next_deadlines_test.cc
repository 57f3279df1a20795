#include "clients/agent/next_deadlines.h"

#include <gtest/gtest.h>

namespace quartermaster::agent {
namespace {

constexpr int64_t kNow = 1'780'000'000;
constexpr int64_t kDay = 86'400;

AgentState StateWithUse() {
  AgentState state;
  state.clock_s = kNow - 40 * kDay;
  EXPECT_TRUE(SetTagCount(state, "tag", 2).ok());
  EXPECT_TRUE(Advance(state, 40 * kDay).ok());
  return state;
}

InstalledPolicy Strict() {
  InstalledPolicy policy;
  policy.name = "Strict";
  policy.acknowledgement_required = true;
  policy.push_interval_days = 7;
  policy.classes = {{30, 60, 60}, {50, 111, 111}, {0, 0, 0}, {0, 0, 0}};
  return policy;
}

TEST(NextDeadlines, BeforeAnyAcknowledgementCountFromTheFirstUse) {
  AgentState state = StateWithUse();
  // A report was closed on the way: the first use is older than the open one.
  ASSERT_FALSE(state.reports.empty());
  EXPECT_EQ(NextAcknowledgement(state), kNow + 50 * kDay) << "the default: 90 days";
  state.policy = Strict();
  EXPECT_EQ(NextAcknowledgement(state), kNow + 10 * kDay) << "50 days";
  ASSERT_TRUE(SetTagCount(state, "tag", 0).ok());
  EXPECT_EQ(NextAcknowledgement(state), std::nullopt) << "nothing is in use";
}

TEST(NextDeadlines, AfterAnAcknowledgementAreWhatCameWithIt) {
  AgentState state = StateWithUse();
  state.policy = Strict();
  state.last_acknowledged_s = kNow;
  EXPECT_EQ(NextAcknowledgement(state), std::nullopt);
  state.policy->next_acknowledgement_due_s = kNow + 111 * kDay;
  EXPECT_EQ(NextAcknowledgement(state), kNow + 111 * kDay);
  state.policy->acknowledgement_required = false;
  EXPECT_EQ(NextAcknowledgement(state), std::nullopt);
}

TEST(NextDeadlines, PushesAtTheIntervalOfThePolicy) {
  AgentState state = StateWithUse();
  EXPECT_EQ(NextPush(state), kNow + 30 * kDay) << "never pushed: from now";
  state.last_push_s = kNow - 5 * kDay;
  state.policy = Strict();
  EXPECT_EQ(NextPush(state), kNow + 2 * kDay);
}

}  // namespace
}  // namespace quartermaster::agent
