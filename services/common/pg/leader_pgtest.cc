#include "services/common/pg/leader.h"

#include <gtest/gtest.h>

#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

class LeaderTest : public ::testing::Test {
 protected:
  const std::string database_ = testing::NewDatabase();
  const Options options_ = testing::OptionsFor("qm_ledger", database_);
};

TEST_F(LeaderTest, OneOfTwoLeads) {
  LeaderLock one(options_, "ledger/seal");
  LeaderLock other(options_, "ledger/seal");
  EXPECT_TRUE(*one.TryAcquire());
  EXPECT_FALSE(*other.TryAcquire());
  EXPECT_TRUE(*one.TryAcquire()) << "asking again keeps it";
  EXPECT_TRUE(one.StillLeader());
  EXPECT_FALSE(other.StillLeader());
  EXPECT_NE(one.connection(), nullptr);
  EXPECT_EQ(other.connection(), nullptr);
}

TEST_F(LeaderTest, JobsDoNotDisturbEachOther) {
  LeaderLock seal(options_, "ledger/seal");
  LeaderLock expire(options_, "ledger/expire");
  EXPECT_TRUE(*seal.TryAcquire());
  EXPECT_TRUE(*expire.TryAcquire());
}

TEST_F(LeaderTest, AnotherTakesOverWhenTheLeaderReleasesOrGoes) {
  LeaderLock other(options_, "ledger/seal");
  {
    LeaderLock one(options_, "ledger/seal");
    EXPECT_TRUE(*one.TryAcquire());
    one.Release();
    EXPECT_FALSE(one.StillLeader());
    // The server may take a moment to notice that the session is gone.
    while (!*other.TryAcquire()) {
    }
    other.Release();
    while (!*one.TryAcquire()) {
    }
    EXPECT_FALSE(*other.TryAcquire());
  }
  while (!*other.TryAcquire()) {
  }
}

TEST_F(LeaderTest, ALeaderWhoseSessionWasEndedKnowsAndCannotCommit) {
  LeaderLock leader(options_, "ledger/seal");
  ASSERT_TRUE(*leader.TryAcquire());
  RawConnection* connection = leader.connection();
  ASSERT_TRUE(connection->Begin().ok());
  ASSERT_TRUE(connection
                  ->Run("INSERT INTO smart_accounts (domain, display_name, created_at)"
                        " VALUES ('example.com', 'Example', '2024-01-01')")
                  .ok());
  testing::SharedPostgres().TerminateSessions(database_);
  LeaderLock successor(options_, "ledger/seal");
  EXPECT_TRUE(*successor.TryAcquire());
  EXPECT_FALSE(connection->Commit().ok());
  EXPECT_FALSE(leader.StillLeader());
  EXPECT_EQ(leader.connection(), nullptr);
  static constexpr char kSql[] = "SELECT count(*) FROM smart_accounts";
  EXPECT_EQ(successor.connection()->Execute(kSql, Params())->Int64(0, 0), 0);
  EXPECT_FALSE(*leader.TryAcquire());
}

TEST_F(LeaderTest, WithoutADatabaseThereIsNoLeader) {
  Options nowhere;
  nowhere.connection_string = "host=/nonexistent";
  LeaderLock lock(nowhere, "ledger/seal");
  EXPECT_TRUE(absl::IsUnavailable(lock.TryAcquire().status()));
  EXPECT_FALSE(lock.StillLeader());
}

}  // namespace
}  // namespace quartermaster::pg
