#include "services/common/postgres_host/os_user.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace quartermaster::postgres_host {
namespace {

TEST(OsUserTest, ARunningProcessHasAUser) {
  const auto user = UserById(geteuid());
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->uid, geteuid());
  EXPECT_FALSE(user->name.empty());
  EXPECT_NE(std::find(user->groups.begin(), user->groups.end(), user->gid), user->groups.end());
  EXPECT_EQ(UserByName(user->name)->uid, user->uid);
}

TEST(OsUserTest, UnknownUsersAreNamed) {
  EXPECT_EQ(UserById(3999999999).status().message(), "user id: got 3999999999, want one that has a name");
  EXPECT_EQ(UserByName("no-such-user").status().message(),
            "user: got no \"no-such-user\" on this machine, want one to run PostgreSQL as, which "
            "refuses root");
}

TEST(OsUserTest, AServerNeverRunsAsRoot) {
  const auto user = ServerUser("/nonexistent");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_NE(user->uid, 0);
  if (geteuid() != 0) {
    EXPECT_EQ(user->uid, geteuid());
  }
}

}  // namespace
}  // namespace quartermaster::postgres_host
