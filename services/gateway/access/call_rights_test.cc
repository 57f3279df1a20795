#include "services/gateway/access/call_rights.h"

#include <gtest/gtest.h>

#include <optional>

#include "services/common/errors/error.h"

namespace quartermaster::gateway {
namespace {

TEST(CallRightsTest, AClientHasSoManyCallsUnderWayAndNoMore) {
  const auto client = std::make_shared<KnownClient>(Caller{"a", Role::kDevice, ""}, "", 1e6, 2);
  const auto other = std::make_shared<KnownClient>(Caller{"b", Role::kDevice, ""}, "", 1e6, 2);
  std::optional<CallRight> first = *CheckCallRights(client, "m", kEveryClient);
  const CallRight second = *CheckCallRights(client, "m", kEveryClient);
  EXPECT_EQ(errors::ErrorId(CheckCallRights(client, "m", kEveryClient).status()), "gateway.overloaded");
  EXPECT_TRUE(CheckCallRights(other, "m", kEveryClient).ok());
  first.reset();
  EXPECT_TRUE(CheckCallRights(client, "m", kEveryClient).ok());
  // Refused calls took nothing.
  EXPECT_EQ(client->calls_under_way, 1);
}

TEST(CallRightsTest, ARefusedCallIsNotUnderWay) {
  const auto client = std::make_shared<KnownClient>(Caller{"a", Role::kDevice, ""}, "", 1, 100);
  EXPECT_EQ(errors::ErrorId(CheckCallRights(client, "m", kInternal).status()), "gateway.permission_denied");
  for (int i = 0; i < 5; ++i) CheckCallRights(client, "m", kEveryClient).IgnoreError();
  EXPECT_EQ(errors::ErrorId(CheckCallRights(client, "m", kEveryClient).status()), "gateway.rate_limited");
  EXPECT_EQ(client->calls_under_way, 0);
}

}  // namespace
}  // namespace quartermaster::gateway
