#include "services/ledger/domain/rights_book.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "services/ledger/domain/consumption_order.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr int32_t kTag = 7;
constexpr RightsPool kHere{1, kTag}, kThere{2, kTag};

Lot LotOf(int64_t id, Term term, absl::Time end_at = absl::InfiniteFuture(),
          absl::Time start_at = kNow - kDay) {
  return {.lot_id = id, .tag_id = kTag, .term = term, .start_at = start_at, .end_at = end_at};
}

class RightsBookTest : public ::testing::Test {
 protected:
  RightsBookTest() {
    book_.AddKnownPool(kHere);
    book_.AddKnownPool(kThere);
  }
  void Own(const Lot& lot, int64_t quantity, RightsPool pool = kHere) {
    book_.AddLot(lot);
    book_.AddQuantity(pool, lot.lot_id, EntryState::kAvailable, quantity);
  }
  std::optional<Shortage> Transfer(int64_t quantity, std::optional<Term> term = {},
                                   std::optional<int64_t> lot = {}) {
    const TransferLine line{kHere, kThere.virtual_account_id, quantity, term, lot};
    return book_.Transfer({&line, 1}, kNow, moved_);
  }
  int64_t Here(int64_t lot) { return book_.Quantity(kHere, lot, EntryState::kAvailable); }
  int64_t There(int64_t lot) { return book_.Quantity(kThere, lot, EntryState::kAvailable); }

  RightsBook book_;
  std::vector<RightsMovement> moved_;
};

TEST_F(RightsBookTest, ATransferTakesTheLongestTermFirst) {
  Own(LotOf(1, Term::kSubscription, kNow + 30 * kDay), 5);
  Own(LotOf(2, Term::kSubscription, kNow + 300 * kDay), 5);
  Own(LotOf(3, Term::kPerpetual), 5);
  EXPECT_EQ(Transfer(12), std::nullopt);
  EXPECT_EQ(moved_.size(), 3u);
  EXPECT_EQ(moved_[0].lot_id, 3);
  EXPECT_EQ(There(3), 5);
  EXPECT_EQ(There(2), 5);
  EXPECT_EQ(There(1), 2);
  EXPECT_EQ(Here(1), 3);
}

TEST_F(RightsBookTest, OnlyTheTermOrTheLotThatIsNamedMoves) {
  Own(LotOf(1, Term::kSubscription, kNow + 30 * kDay), 5);
  Own(LotOf(2, Term::kPerpetual), 5);
  EXPECT_EQ(Transfer(6, Term::kSubscription), (Shortage{0, 5}));
  EXPECT_EQ(Transfer(5, Term::kSubscription), std::nullopt);
  EXPECT_EQ(There(1), 5);
  EXPECT_EQ(Transfer(1, std::nullopt, 1), (Shortage{0, 0}));
  EXPECT_EQ(Transfer(1, std::nullopt, 2), std::nullopt);
  EXPECT_EQ(There(2), 1);
}

TEST_F(RightsBookTest, WhatHasEndedStaysAndWhatHasNotBegunMovesByNameOnly) {
  Own(LotOf(1, Term::kSubscription, kNow), 5);  // half-open: it ended just now
  Own(LotOf(2, Term::kSubscription, kNow + 300 * kDay, kNow + kDay), 5);
  EXPECT_EQ(Transfer(1), (Shortage{0, 0}));
  EXPECT_EQ(Transfer(1, std::nullopt, 1), (Shortage{0, 0}));
  EXPECT_EQ(Transfer(1, std::nullopt, 2), std::nullopt);
  EXPECT_EQ(There(2), 1);
}

TEST_F(RightsBookTest, WhatIsHeldOrReservedStays) {
  Own(LotOf(1, Term::kPerpetual), 5);
  book_.AddQuantity(kHere, 1, EntryState::kHeld, 3);
  book_.AddQuantity(kHere, 1, EntryState::kReserved, 3);
  EXPECT_EQ(Transfer(6), (Shortage{0, 5}));
}

TEST_F(RightsBookTest, SeveralLinesMoveAllOrNone) {
  Own(LotOf(1, Term::kPerpetual), 5);
  const std::vector<TransferLine> lines = {{kHere, 2, 3}, {kThere, 1, 2}, {kHere, 2, 5}};
  EXPECT_EQ(book_.Transfer(lines, kNow, moved_), (Shortage{2, 4}));
  EXPECT_TRUE(moved_.empty());
  EXPECT_EQ(Here(1), 5);
  EXPECT_EQ(There(1), 0);
  EXPECT_EQ(book_.Transfer({lines.data(), 2}, kNow, moved_), std::nullopt)
      << "a line may move what one before brought";
  EXPECT_EQ(Here(1), 4);
}

TEST_F(RightsBookTest, AnEnforcedPoolIsNeverOverdrawn) {
  Own(LotOf(1, Term::kPerpetual), 10);
  book_.SetConsumed(kHere, 7);
  EXPECT_EQ(Transfer(4), (Shortage{0, 3}));
  EXPECT_EQ(Transfer(3), std::nullopt);
  EXPECT_EQ(Transfer(1), (Shortage{0, 0}));
}

TEST_F(RightsBookTest, AReversalMovesBackWhatStillLiesThere) {
  Own(LotOf(1, Term::kPerpetual), 5);
  ASSERT_EQ(Transfer(4), std::nullopt);
  const std::vector<RightsMovement> transfer = moved_;
  const TransferLine on{kThere, 3, 2};
  ASSERT_EQ(book_.Transfer({&on, 1}, kNow, moved_), std::nullopt);
  std::vector<RightsMovement> back;
  EXPECT_EQ(book_.Reverse(transfer, kNow, back), (Shortage{0, 2})) << "half of it was moved on";
  EXPECT_TRUE(back.empty());
  const std::vector<RightsMovement> onward(moved_.begin() + 1, moved_.end());
  EXPECT_EQ(book_.Reverse(onward, kNow, back), std::nullopt);
  EXPECT_EQ(book_.Reverse(transfer, kNow, back), std::nullopt);
  EXPECT_EQ(Here(1), 5);
  EXPECT_EQ(back.size(), 2u);
}

TEST_F(RightsBookTest, WhatHasEndedIsNotMovedBack) {
  Own(LotOf(1, Term::kSubscription, kNow + kDay), 5);
  ASSERT_EQ(Transfer(4), std::nullopt);
  std::vector<RightsMovement> back;
  EXPECT_EQ(book_.Reverse(moved_, kNow + kDay, back), (Shortage{0, 0})) << "half-open: it ended just now";
  EXPECT_EQ(There(1), 4);
  EXPECT_EQ(book_.Reverse(moved_, kNow + kDay - absl::Microseconds(1), back), std::nullopt);
  EXPECT_EQ(Here(1), 5);
}

TEST_F(RightsBookTest, ATransferTakesWhatTheConsumptionOrderSays) {
  book_ = RightsBook(ConsumptionOrder::kEarliestEndFirst);
  Own(LotOf(1, Term::kPerpetual), 5);
  Own(LotOf(2, Term::kSubscription, kNow + 300 * kDay), 5);
  Own(LotOf(3, Term::kSubscription, kNow + 30 * kDay), 5);
  EXPECT_EQ(Transfer(12), std::nullopt);
  EXPECT_EQ(There(3), 5);
  EXPECT_EQ(There(2), 5);
  EXPECT_EQ(There(1), 2);
}

TEST_F(RightsBookTest, ACorrectionIsUndoneEvenWhenNothingOfTheLotIsLeft) {
  Own(LotOf(1, Term::kPerpetual), 5);
  const RightsMovement bought{1, kTag, 5, {EntryState::kSource, 0}, {EntryState::kAvailable, 1}};
  std::vector<RightsMovement> taken, back;
  ASSERT_EQ(book_.Reverse({&bought, 1}, kNow, taken), std::nullopt);
  EXPECT_EQ(Here(1), 0);
  ASSERT_EQ(book_.Reverse(taken, kNow, back), std::nullopt);
  EXPECT_EQ(Here(1), 5);
  EXPECT_EQ(back.front(), bought);
}

TEST_F(RightsBookTest, WhateverMovesNoQuantityIsMadeLostOrNegative) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t bound) { return static_cast<int64_t>(random() % bound); };
    RightsBook book;
    std::map<int64_t, int64_t> owned;
    for (int64_t account = 1; account <= 3; ++account) book.AddKnownPool({account, kTag});
    for (int64_t lot = 1; lot <= 4; ++lot) {
      owned[lot] = 1 + below(20);
      book.AddLot(LotOf(lot, Term::kSubscription, kNow + (below(5) - 1) * kDay));
      book.AddQuantity({1 + below(3), kTag}, lot, EntryState::kAvailable, owned[lot]);
    }
    std::vector<std::vector<RightsMovement>> history;
    for (int step = 0; step < 40; ++step) {
      std::vector<RightsMovement> moved;
      if (!history.empty() && below(3) == 0) {
        book.Reverse(history[below(static_cast<int64_t>(history.size()))], kNow, moved);
      } else {
        std::vector<TransferLine> lines;
        for (int64_t left = 1 + below(3); left > 0; --left) {
          lines.push_back({{1 + below(3), kTag}, 1 + below(3), 1 + below(15)});
        }
        book.Transfer(lines, kNow, moved);
      }
      if (!moved.empty()) history.push_back(moved);
      for (const auto& [lot, quantity] : owned) {
        int64_t sum = 0;
        for (int64_t account = 1; account <= 3; ++account) {
          const int64_t here = book.Quantity({account, kTag}, lot, EntryState::kAvailable);
          ASSERT_GE(here, 0) << seed;
          sum += here;
        }
        ASSERT_EQ(sum, quantity) << seed;
      }
    }
  }
}

}  // namespace
}  // namespace quartermaster::ledger
