#include "services/ledger/domain/home_history.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace quartermaster::ledger {
namespace {

TEST(HomeHistoryTest, WhoNeverMovedUsesWhereItIsAtHome) {
  EXPECT_EQ(DivideByHome({100, 3}, {}, 7), (std::vector<HomeDelta>{{0, 7, {100, 3}}}));
}

TEST(HomeHistoryTest, UseSinceTheLastMoveIsUsedAtHome) {
  const std::vector<FormerHome> former = {{50, 1}};
  EXPECT_EQ(DivideByHome({50, 3}, former, 7), (std::vector<HomeDelta>{{0, 7, {50, 3}}}));
}

TEST(HomeHistoryTest, UseFromBeforeFollowsEveryMove) {
  const std::vector<FormerHome> former = {{50, 1}, {60, 2}};
  EXPECT_EQ(DivideByHome({49, -3}, former, 7),
            (std::vector<HomeDelta>{{0, 1, {49, -3}}, {1, 2, {50, -3}}, {2, 7, {60, -3}}}));
  EXPECT_EQ(DivideByHome({55, 4}, former, 7), (std::vector<HomeDelta>{{0, 2, {55, 4}}, {2, 7, {60, 4}}}));
}

TEST(HomeHistoryTest, AMoveThereAndBackInOneSecondIsNone) {
  EXPECT_EQ(DivideByHome({10, 4}, std::vector<FormerHome>{{50, 7}}, 7),
            (std::vector<HomeDelta>{{0, 7, {10, 4}}}));
}

// At every time all of what is in use is where the consumer is at home then, and nothing is elsewhere.
TEST(HomeHistoryTest, AtAnyTimeAllUseIsInTheHomeOfThatTime) {
  std::mt19937 random(20260101);
  for (int round = 0; round < 500; ++round) {
    std::vector<FormerHome> former;
    int64_t until = 0;
    for (int i = static_cast<int>(random() % 4); i > 0; --i) {
      former.push_back(
          {until += 1 + static_cast<int64_t>(random() % 20), 1 + static_cast<int64_t>(random() % 3)});
    }
    const int64_t home = 1 + static_cast<int64_t>(random() % 3);
    std::map<int64_t, int64_t> deltas;
    for (int i = 0; i < 6; ++i)
      deltas[static_cast<int64_t>(random() % 80)] += static_cast<int64_t>(random() % 9) - 4;
    std::map<int64_t, std::map<int64_t, int64_t>> booked;  // by Virtual Account and time
    for (const auto& [at_s, quantity] : deltas) {
      for (const HomeDelta& part : DivideByHome({at_s, quantity}, former, home)) {
        booked[part.virtual_account_id][part.delta.effective_s] += part.delta.quantity;
        if (part.from_virtual_account_id != 0) {
          booked[part.from_virtual_account_id][part.delta.effective_s] -= part.delta.quantity;
        }
      }
    }
    for (int64_t time = 0; time < 90; ++time) {
      int64_t home_then = home;
      for (auto it = former.rbegin(); it != former.rend(); ++it) {
        if (time < it->until_s) home_then = it->virtual_account_id;
      }
      int64_t used = 0;
      for (const auto& [at_s, quantity] : deltas) used += at_s <= time ? quantity : 0;
      for (int64_t account = 1; account <= 3; ++account) {
        int64_t there = 0;
        for (const auto& [at_s, quantity] : booked[account]) there += at_s <= time ? quantity : 0;
        EXPECT_EQ(there, account == home_then ? used : 0) << "round " << round << " at " << time;
      }
    }
  }
}

}  // namespace
}  // namespace quartermaster::ledger
