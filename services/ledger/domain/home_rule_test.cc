#include "services/ledger/domain/home_rule.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger {
namespace {

TEST(HomeRule, PrefersTrustCodeThenInventoryThenDoor) {
  HomeHints hints{.trust_code = 1, .inventory = 2, .door = 3};
  EXPECT_EQ(HomeOf(hints, {}, 9), 1);
  hints.trust_code.reset();
  EXPECT_EQ(HomeOf(hints, {}, 9), 2);
  hints.inventory.reset();
  EXPECT_EQ(HomeOf(hints, {}, 9), 3);
  hints.door.reset();
  EXPECT_EQ(HomeOf(hints, {}, 9), 9);
}

TEST(HomeRule, PassesByWhatIsClosed) {
  const HomeHints hints{.trust_code = {}, .inventory = 2, .door = 3};
  EXPECT_EQ(HomeOf(hints, {2}, 9), 3);
  EXPECT_EQ(HomeOf(hints, {2, 3}, 9), 9);
}

TEST(HomeRule, FindsAWrongDoorOnlyWhereADoorIsNamed) {
  EXPECT_TRUE(IsWrongDoor(3, 4));
  EXPECT_FALSE(IsWrongDoor(4, 4));
  EXPECT_FALSE(IsWrongDoor(std::nullopt, 4));
}

}  // namespace
}  // namespace quartermaster::ledger
