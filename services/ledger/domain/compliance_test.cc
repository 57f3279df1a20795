#include "services/ledger/domain/compliance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace quartermaster::ledger {
namespace {

// Tags by number; a higher one covers a lower one where the hierarchy says so.
enum Tag : int32_t { kTop = 3, kMiddle = 2, kBottom = 1 };

PoolFigures Pool(int32_t tag, int64_t entitled, int64_t in_use, int64_t virtual_account = 1) {
  PoolFigures pool;
  pool.virtual_account_id = virtual_account;
  pool.tag_id = tag;
  pool.tag = std::string(1, static_cast<char>('a' + tag));
  pool.known = true;
  pool.entitled = entitled;
  pool.in_use = in_use;
  return pool;
}

SubstitutionHierarchy Tiers() {
  SubstitutionHierarchy tiers;
  tiers.Add(kTop, kMiddle);
  tiers.Add(kMiddle, kBottom);
  return tiers;
}

std::vector<ComplianceStatus> StatusesOf(const std::vector<PoolCompliance>& pools) {
  std::vector<ComplianceStatus> statuses;
  for (const PoolCompliance& pool : pools) statuses.push_back(pool.status);
  return statuses;
}

using enum ComplianceStatus;

// The vectors of the semantics, "Pools, balance, compliance".
TEST(ComplianceVectors, PremiumSurplusCoversFortyFiveStandardButNotAFortySixth) {
  EXPECT_EQ(StatusesOf(AssessPools({Pool(kTop, 10, 5), Pool(kMiddle, 40, 45)}, Tiers())),
            (std::vector{kIn, kIn}));
  EXPECT_EQ(StatusesOf(AssessPools({Pool(kTop, 10, 5), Pool(kMiddle, 40, 46)}, Tiers())),
            (std::vector{kIn, kOut}));
}

TEST(ComplianceVectors, TopLendsFiftyToMiddleAndKeepsForty) {
  const auto pools = AssessPools({Pool(kTop, 100, 10), Pool(kMiddle, 0, 50)}, Tiers());
  EXPECT_EQ(pools[0].lent, 50);
  EXPECT_EQ(pools[0].balance_after_substitution(), 40);
  EXPECT_EQ(pools[1].borrowed, 50);
  EXPECT_EQ(pools[1].status, kIn);
  EXPECT_EQ(pools[1].substitutions, (std::vector<Lending>{{kTop, kMiddle, 50}}));
}

TEST(ComplianceVectors, FiftyOwnedAndTwentyInUseLeaveThirty) { EXPECT_EQ(Pool(kTop, 50, 20).balance(), 30); }

TEST(ComplianceVectors, AnAuthorizedAndAReportedOneAreNotSummed) {
  // 10 owned; X has 1 authorised and reports 1; Y reports 2: balance 7.
  const int64_t consumed = ConsumedBy(1, 1, 0) + ConsumedBy(2, 0, 0);
  EXPECT_EQ(10 - consumed, 7);
}

TEST(Compliance, LowerTiersNeverCoverHigherOnes) {
  EXPECT_EQ(StatusesOf(AssessPools({Pool(kTop, 0, 1), Pool(kMiddle, 100, 0)}, Tiers())),
            (std::vector{kOut, kIn}));
}

TEST(Compliance, NeverPoolsAcrossVirtualAccountsButNamesTheSurplusElsewhere) {
  const auto pools = AssessPools({Pool(kTop, 0, 5, 1), Pool(kTop, 20, 8, 2)}, Tiers());
  EXPECT_EQ(pools[0].status, kOut);
  EXPECT_EQ(pools[0].surplus_elsewhere, 12);
  EXPECT_EQ(pools[1].surplus_elsewhere, 0);
}

TEST(Compliance, CountsAsSurplusElsewhereOnlyWhatIsNotLentThere) {
  const auto pools =
      AssessPools({Pool(kTop, 0, 5, 1), Pool(kTop, 20, 8, 2), Pool(kMiddle, 0, 10, 2)}, Tiers());
  EXPECT_EQ(pools[0].surplus_elsewhere, 2);
}

TEST(Compliance, IsOverageWithinWhatTheContractBills) {
  PoolFigures pool = Pool(kTop, 10, 13);
  pool.overage_quantity = 3;
  EXPECT_EQ(AssessPools({pool}, Tiers())[0].status, kOverage);
  pool.in_use = 14;
  EXPECT_EQ(AssessPools({pool}, Tiers())[0].status, kOut);
}

TEST(Compliance, IsUnknownForATagThatNoCatalogueKnows) {
  PoolFigures pool = Pool(kTop, 0, 13);
  pool.known = false;
  EXPECT_EQ(AssessPools({pool}, Tiers())[0].status, kUnknown);
}

TEST(Compliance, TakesTheWorstPoolOfAVirtualAccount) {
  PoolFigures unknown = Pool(kBottom, 0, 1);
  unknown.known = false;
  PoolFigures overage = Pool(kMiddle, 0, 1);
  overage.overage_quantity = 1;
  const PoolFigures out = Pool(kTop, 0, 1);
  const SubstitutionHierarchy none;
  EXPECT_EQ(WorstOf(AssessPools({unknown, overage, out}, none), 1), kOut);
  EXPECT_EQ(WorstOf(AssessPools({unknown, overage}, none), 1), kOverage);
  EXPECT_EQ(WorstOf(AssessPools({unknown, Pool(kTop, 1, 1)}, none), 1), kUnknown);
  EXPECT_EQ(WorstOf(AssessPools({Pool(kTop, 1, 1)}, none), 1), kIn);
  EXPECT_EQ(WorstOf({}, 1), kIn);
}

}  // namespace
}  // namespace quartermaster::ledger
