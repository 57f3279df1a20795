#include "services/ledger/domain/substitution.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>

namespace quartermaster::ledger {
namespace {

std::vector<TagBalance> Balances(const std::vector<int64_t>& balances) {
  static const std::string_view kNames[] = {"a", "b", "c", "d", "e", "f"};
  std::vector<TagBalance> pools;
  for (size_t i = 0; i < balances.size(); ++i) {
    pools.push_back({static_cast<int32_t>(i), kNames[i], balances[i]});
  }
  return pools;
}

SubstitutionHierarchy Hierarchy(const std::vector<std::pair<int32_t, int32_t>>& edges) {
  SubstitutionHierarchy hierarchy;
  for (const auto& [higher, lower] : edges) hierarchy.Add(higher, lower);
  return hierarchy;
}

TEST(Substitution, ReachesThroughTheHierarchy) {
  EXPECT_EQ(CoverShortages(Balances({5, 0, -3}), Hierarchy({{0, 1}, {1, 2}})),
            (std::vector<Lending>{{0, 2, 3}}));
}

TEST(Substitution, GivesTheLargestCoverWhereTheNearestLenderIsNeededElsewhere) {
  // b covers c and d, a covers c only: a must lend to c so that b is free for d.
  EXPECT_EQ(CoverShortages(Balances({4, 4, -4, -4}), Hierarchy({{0, 2}, {1, 2}, {1, 3}})),
            (std::vector<Lending>{{0, 2, 4}, {1, 3, 4}}));
}

TEST(Substitution, PrefersTheNearestTier) {
  EXPECT_EQ(CoverShortages(Balances({5, 5, -5}), Hierarchy({{0, 1}, {1, 2}})),
            (std::vector<Lending>{{1, 2, 5}}));
}

TEST(Substitution, BreaksTiesByTag) {
  EXPECT_EQ(CoverShortages(Balances({3, 3, -4}), Hierarchy({{0, 2}, {1, 2}})),
            (std::vector<Lending>{{0, 2, 3}, {1, 2, 1}}));
}

TEST(Substitution, FindsACycle) {
  EXPECT_TRUE(Hierarchy({{0, 1}, {1, 2}, {0, 2}}).IsAcyclic());
  EXPECT_FALSE(Hierarchy({{0, 1}, {1, 2}, {2, 0}}).IsAcyclic());
  EXPECT_FALSE(Hierarchy({{0, 0}}).IsAcyclic());
}

TEST(Substitution, TakesQuantitiesBeyondThirtyTwoBits) {
  const int64_t many = int64_t{1} << 40;
  EXPECT_EQ(CoverShortages(Balances({many, -many}), Hierarchy({{0, 1}})),
            (std::vector<Lending>{{0, 1, many}}));
}

// The largest cover by trying every way, for tiny networks.
int64_t LargestCoverByTrying(std::vector<int64_t> balances, const std::vector<std::pair<int, int>>& pairs,
                             size_t next = 0) {
  if (next == pairs.size()) return 0;
  const auto [from, to] = pairs[next];
  const int64_t most = std::max<int64_t>(0, std::min(balances[from], -balances[to]));
  int64_t best = 0;
  for (int64_t quantity = 0; quantity <= most; ++quantity) {
    std::vector<int64_t> left = balances;
    left[from] -= quantity;
    left[to] += quantity;
    best = std::max(best, quantity + LargestCoverByTrying(left, pairs, next + 1));
  }
  return best;
}

RC_GTEST_PROP(Substitution, NoCoverIsLarger, ()) {
  const int count = *rc::gen::inRange(2, 6);
  std::vector<int64_t> balances;
  for (int i = 0; i < count; ++i) balances.push_back(*rc::gen::inRange(-3, 4));
  std::vector<std::pair<int32_t, int32_t>> edges;
  for (int higher = 0; higher < count; ++higher) {
    for (int lower = higher + 1; lower < count; ++lower) {
      if (*rc::gen::inRange(0, 3) == 0) edges.push_back({higher, lower});
    }
  }
  const SubstitutionHierarchy hierarchy = Hierarchy(edges);
  std::vector<std::pair<int, int>> pairs;
  for (int higher = 0; higher < count; ++higher) {
    for (const auto& [lower, distance] : hierarchy.CoveredBy(higher)) {
      if (balances[higher] > 0 && balances[lower] < 0) pairs.push_back({higher, lower});
    }
  }
  int64_t covered = 0;
  std::vector<int64_t> left = balances;
  for (const Lending& lending : CoverShortages(Balances(balances), hierarchy)) {
    RC_ASSERT(lending.quantity > 0);
    RC_ASSERT(hierarchy.CoveredBy(lending.from_tag_id).contains(lending.to_tag_id));
    covered += lending.quantity;
    left[lending.from_tag_id] -= lending.quantity;
    left[lending.to_tag_id] += lending.quantity;
  }
  for (int i = 0; i < count; ++i) {
    const bool kept_its_sign = balances[i] < 0 ? left[i] <= 0 : left[i] >= 0;
    RC_ASSERT(kept_its_sign);
  }
  RC_ASSERT(covered == LargestCoverByTrying(balances, pairs));
}

}  // namespace
}  // namespace quartermaster::ledger
