#include "services/common/pg/standby_notice.h"

#include <gtest/gtest.h>

namespace quartermaster::pg {
namespace {

TEST(StandbyNoticeTest, AWarningOfTheWaitingFunctionIsOneWhateverItsLanguage) {
  EXPECT_TRUE(
      IsStandbyWaitCancelled({"01000", "SyncRepWaitForLSN", "storniere Warten auf synchrone Replikation"}));
}

TEST(StandbyNoticeTest, TheSameOnTheWayToAShutdownIsOneToo) {
  EXPECT_TRUE(
      IsStandbyWaitCancelled({"57P01", "SyncRepWaitForLSN",
                              "canceling the wait for synchronous replication and terminating connection"}));
}

TEST(StandbyNoticeTest, WithoutTheFunctionTheMessageDecides) {
  EXPECT_TRUE(IsStandbyWaitCancelled(
      {"01000", "", "canceling wait for synchronous replication due to user request"}));
}

TEST(StandbyNoticeTest, OtherNoticesAreNot) {
  EXPECT_FALSE(IsStandbyWaitCancelled({"00000", "CreateSchemaCommand", "schema exists, skipping"}));
  EXPECT_FALSE(IsStandbyWaitCancelled({"01000", "PlpgsqlRaise", "low stock"}));
  EXPECT_FALSE(IsStandbyWaitCancelled({"", "", ""}));
}

}  // namespace
}  // namespace quartermaster::pg
