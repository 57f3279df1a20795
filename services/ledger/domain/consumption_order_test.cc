// Which rights go first, as tables.
#include "services/ledger/domain/consumption_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace quartermaster::ledger {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
const absl::Time kBegin = absl::FromUnixSeconds(1'767'225'600);

struct Right {
  std::string name;
  absl::Time start_at;
  absl::Time end_at;
};

// In the order of their ids, which is not that of any rule.
const std::vector<Right>& Rights() {
  static const auto* rights = new std::vector<Right>{
      {"year", kBegin, kBegin + 365 * kDay},
      {"perpetual", kBegin, absl::InfiniteFuture()},
      {"month", kBegin, kBegin + 30 * kDay},
      {"three years", kBegin, kBegin + 1095 * kDay},
      {"older year", kBegin - 30 * kDay, kBegin + 365 * kDay},
      {"same year", kBegin, kBegin + 365 * kDay},
      {"older perpetual", kBegin - 30 * kDay, absl::InfiniteFuture()},
  };
  return *rights;
}

std::vector<std::string> InOrder(ConsumptionOrder order) {
  std::vector<std::pair<LotRank, std::string>> ranked;
  int64_t id = 0;
  for (const Right& right : Rights())
    ranked.emplace_back(RankOf(order, right.start_at, right.end_at, ++id), right.name);
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> names;
  for (const auto& [rank, name] : ranked) names.push_back(name);
  return names;
}

TEST(ConsumptionOrderTest, EveryOrderIsTheOneOfItsTable) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(
      InOrder(ConsumptionOrder::kLongestTermFirst),
      (Names{"older perpetual", "perpetual", "three years", "older year", "year", "same year", "month"}));
  EXPECT_EQ(
      InOrder(ConsumptionOrder::kEarliestEndFirst),
      (Names{"month", "older year", "year", "same year", "three years", "older perpetual", "perpetual"}));
  EXPECT_EQ(
      InOrder(ConsumptionOrder::kPerpetualFirst),
      (Names{"older perpetual", "perpetual", "month", "older year", "year", "same year", "three years"}));
  EXPECT_EQ(
      InOrder(ConsumptionOrder::kPerpetualLast),
      (Names{"three years", "older year", "year", "same year", "month", "older perpetual", "perpetual"}));
}

struct Assignment {
  std::vector<int64_t> quantities;
  int64_t in_use = 0;
  std::vector<int64_t> consumed;
  int64_t uncovered = 0;
};

TEST(ConsumptionOrderTest, UseFillsOneRightAfterTheOther) {
  const std::vector<Assignment> table = {
      {{5, 5, 5}, 0, {0, 0, 0}, 0},  {{5, 5, 5}, 3, {3, 0, 0}, 0},  {{5, 5, 5}, 12, {5, 5, 2}, 0},
      {{5, 5, 5}, 15, {5, 5, 5}, 0}, {{5, 5, 5}, 17, {5, 5, 5}, 2}, {{}, 4, {}, 4},
      {{0, 7}, 4, {0, 4}, 0},        {{-3, 7}, 4, {0, 4}, 0},
  };
  for (const Assignment& row : table) {
    // The last one given goes first: their order in the list is no rank.
    std::vector<CoveringLot> lots;
    for (size_t i = row.quantities.size(); i-- > 0;) {
      lots.push_back({.rank = {.lot_id = static_cast<int64_t>(i)}, .quantity = row.quantities[i]});
    }
    EXPECT_EQ(AssignUse(lots, row.in_use), row.uncovered);
    std::vector<int64_t> consumed;
    for (size_t i = lots.size(); i-- > 0;) consumed.push_back(lots[i].consumed);
    EXPECT_EQ(consumed, row.consumed) << row.in_use;
  }
}

}  // namespace
}  // namespace quartermaster::ledger
