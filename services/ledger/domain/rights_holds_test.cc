#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "services/ledger/domain/rights_book.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr int32_t kTag = 7;
constexpr RightsPool kPool{1, kTag};

Lot LotOf(int64_t id, absl::Time end_at = absl::InfiniteFuture(), absl::Time start_at = kNow - kDay) {
  return {.lot_id = id, .tag_id = kTag, .term = Term::kPerpetual, .start_at = start_at, .end_at = end_at};
}

std::vector<LotShare> SharesOf(const std::vector<RightsMovement>& moved) {
  std::vector<LotShare> shares;
  for (const RightsMovement& movement : moved) shares.push_back({kPool, movement.lot_id, movement.quantity});
  return shares;
}

class RightsHoldsTest : public ::testing::Test {
 protected:
  RightsHoldsTest() {
    book_.AddKnownPool(kPool);
    book_.SetConsumed(kPool, 0);
  }
  void Own(const Lot& lot, int64_t quantity) {
    book_.AddLot(lot);
    book_.AddQuantity(kPool, lot.lot_id, EntryState::kAvailable, quantity);
  }
  std::optional<Shortage> Hold(int64_t quantity, int64_t consumes_more) {
    const HoldLine line{kPool, quantity, consumes_more};
    return book_.Hold({&line, 1}, kNow, moved_);
  }
  std::optional<Shortage> Hold(int64_t quantity) { return Hold(quantity, quantity); }
  int64_t In(EntryState state, int64_t lot = 1) { return book_.Quantity(kPool, lot, state); }

  RightsBook book_;
  std::vector<RightsMovement> moved_;
};

TEST_F(RightsHoldsTest, AHoldTakesTheLongestTermFirstAndNothingThatIsNotInForce) {
  Own(LotOf(1, kNow + 10 * kDay), 3);
  Own(LotOf(2), 2);
  Own(LotOf(3, kNow), 9);
  Own(LotOf(4, absl::InfiniteFuture(), kNow + kDay), 9);
  ASSERT_FALSE(Hold(4).has_value());
  EXPECT_EQ(SharesOf(moved_), (std::vector<LotShare>{{kPool, 2, 2}, {kPool, 1, 2}}));
  EXPECT_EQ(Hold(2), (Shortage{0, 1}));
}

TEST_F(RightsHoldsTest, AHoldNeverExceedsTheBalance) {
  Own(LotOf(1), 10);
  book_.SetConsumed(kPool, 8);
  EXPECT_EQ(Hold(3), (Shortage{0, 2}));
  EXPECT_EQ(In(EntryState::kAvailable), 10);
  ASSERT_FALSE(Hold(2).has_value());
  EXPECT_EQ(Hold(1), (Shortage{0, 0}));
}

TEST_F(RightsHoldsTest, WhatAConsumerReportsAlreadyIsNotCountedTwice) {
  Own(LotOf(1), 3);
  book_.SetConsumed(kPool, 3);
  ASSERT_FALSE(Hold(3, 0).has_value()) << "it reports all three itself";
  EXPECT_EQ(In(EntryState::kHeld), 3);
}

TEST_F(RightsHoldsTest, FromAnOverdrawnPoolNothingIsHeld) {
  Own(LotOf(1), 3);
  book_.SetConsumed(kPool, 4);
  EXPECT_EQ(Hold(1, 0), (Shortage{0, 0}));
}

TEST_F(RightsHoldsTest, APoolOfWhichNobodySaidWhatIsConsumedGivesNothing) {
  RightsBook book;
  book.AddKnownPool(kPool);
  book.AddLot(LotOf(1));
  book.AddQuantity(kPool, 1, EntryState::kAvailable, 5);
  const HoldLine line{kPool, 1, 1};
  EXPECT_EQ(book.Hold({&line, 1}, kNow, moved_), (Shortage{0, 0}));
}

TEST_F(RightsHoldsTest, LinesOfOneHoldComeTogetherOrNotAtAll) {
  Own(LotOf(1), 5);
  const HoldLine lines[] = {{kPool, 3, 3}, {kPool, 3, 3}};
  EXPECT_EQ(book_.Hold(lines, kNow, moved_), (Shortage{1, 2}));
  EXPECT_TRUE(moved_.empty());
  EXPECT_EQ(In(EntryState::kAvailable), 5);
  ASSERT_FALSE(Hold(5).has_value()) << "what the refused lines would have consumed is not consumed";
}

TEST_F(RightsHoldsTest, AHoldIsCommittedReturnedOrCancelled) {
  Own(LotOf(1), 5);
  ASSERT_FALSE(Hold(3).has_value());
  const std::vector<LotShare> shares = SharesOf(moved_);
  ASSERT_FALSE(book_.Commit(shares, kNow, moved_).has_value());
  EXPECT_EQ(In(EntryState::kReserved), 3);
  EXPECT_EQ(book_.CancelHold(shares, kNow, moved_), (Shortage{0, 0})) << "it is not held any more";
  ASSERT_FALSE(book_.Return(shares, kNow, moved_).has_value());
  EXPECT_EQ(In(EntryState::kAvailable), 5);
  EXPECT_EQ(book_.Return(shares, kNow, moved_), (Shortage{0, 0})) << "once";
}

TEST_F(RightsHoldsTest, ALotThatEndedIsNotCommittedButCanBeGivenUp) {
  Own(LotOf(1, kNow + kDay), 5);
  ASSERT_FALSE(Hold(3).has_value());
  const std::vector<LotShare> shares = SharesOf(moved_);
  EXPECT_EQ(book_.Commit(shares, kNow + kDay, moved_), (Shortage{0, 0}));
  ASSERT_FALSE(book_.CancelHold(shares, kNow + kDay, moved_).has_value());
  EXPECT_EQ(In(EntryState::kAvailable), 5);
  ASSERT_FALSE(book_.CancelHold(shares, kNow + kDay, moved_).has_value())
      << "as much as still lies there: nothing";
}

// Random holds, grants, returns and time-outs against a plain account of who has what.
TEST(RightsHoldsPropertyTest, NothingIsLostAndNothingIsPromisedTwice) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random() % static_cast<uint32_t>(bound));
    };
    RightsBook book;
    book.AddKnownPool(kPool);
    int64_t owned = 0;
    const int64_t lots = 1 + below(4);
    for (int64_t id = 1; id <= lots; ++id) {
      const int64_t quantity = 1 + below(10);
      book.AddLot(LotOf(id, below(2) == 0 ? absl::InfiniteFuture() : kNow + (1 + below(9)) * kDay));
      book.AddQuantity(kPool, id, EntryState::kAvailable, quantity);
      owned += quantity;
    }
    const int64_t reported = below(4);
    book.SetConsumed(kPool, reported);
    std::vector<std::vector<LotShare>> held, reserved;
    int64_t promised = 0;
    const auto sum = [](const std::vector<LotShare>& shares) {
      int64_t total = 0;
      for (const LotShare& share : shares) total += share.quantity;
      return total;
    };
    const auto take = [&](std::vector<std::vector<LotShare>>& from) {
      std::swap(from[static_cast<size_t>(below(std::ssize(from)))], from.back());
      std::vector<LotShare> shares = std::move(from.back());
      from.pop_back();
      return shares;
    };
    for (int step = 0; step < 60; ++step) {
      std::vector<RightsMovement> moved;
      const int64_t what = below(4);
      if (what == 0) {
        const int64_t quantity = 1 + below(5);
        const HoldLine line{kPool, quantity, quantity};
        const auto shortage = book.Hold({&line, 1}, kNow, moved);
        const int64_t free = std::max<int64_t>(0, owned - reported - promised);
        ASSERT_EQ(shortage.has_value(), quantity > free) << "seed " << seed << " step " << step;
        if (shortage.has_value()) {
          ASSERT_EQ(shortage->available, free) << "seed " << seed;
          ASSERT_TRUE(moved.empty());
          continue;
        }
        promised += quantity;
        held.push_back(SharesOf(moved));
        ASSERT_EQ(sum(held.back()), quantity);
      } else if (what == 1 && !held.empty()) {
        reserved.push_back(take(held));
        ASSERT_FALSE(book.Commit(reserved.back(), kNow, moved).has_value());
      } else if (what == 2 && !held.empty()) {
        const auto shares = take(held);
        ASSERT_FALSE(book.CancelHold(shares, kNow, moved).has_value());
        promised -= sum(shares);
        book.SetConsumed(kPool, reported + promised);
      } else if (what == 3 && !reserved.empty()) {
        const auto shares = take(reserved);
        ASSERT_FALSE(book.Return(shares, kNow, moved).has_value());
        promised -= sum(shares);
        book.SetConsumed(kPool, reported + promised);
      }
      std::map<int64_t, int64_t> of_lot_held, of_lot_reserved;
      for (const auto& shares : held) {
        for (const LotShare& share : shares) of_lot_held[share.lot_id] += share.quantity;
      }
      for (const auto& shares : reserved) {
        for (const LotShare& share : shares) of_lot_reserved[share.lot_id] += share.quantity;
      }
      int64_t total = 0;
      for (int64_t id = 1; id <= lots; ++id) {
        ASSERT_GE(book.Quantity(kPool, id, EntryState::kAvailable), 0) << "seed " << seed;
        ASSERT_EQ(book.Quantity(kPool, id, EntryState::kHeld), of_lot_held[id]) << "seed " << seed;
        ASSERT_EQ(book.Quantity(kPool, id, EntryState::kReserved), of_lot_reserved[id]) << "seed " << seed;
        for (const EntryState state : {EntryState::kAvailable, EntryState::kHeld, EntryState::kReserved}) {
          total += book.Quantity(kPool, id, state);
        }
      }
      ASSERT_EQ(total, owned) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace quartermaster::ledger
