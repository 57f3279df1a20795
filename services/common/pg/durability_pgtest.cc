#include "services/common/pg/durability.h"

#include <gtest/gtest.h>

#include "services/common/errors/error.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

TEST(DurabilityTest, TheEmbeddedServerIsDurableAndAlone) {
  auto connection = RawConnection::Connect(testing::OptionsFor("qm_ledger", testing::NewDatabase()));
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto durability = CheckDurability(**connection);
  ASSERT_TRUE(durability.ok()) << durability.status();
  EXPECT_EQ(durability->synchronous_commit, "on");
  EXPECT_FALSE(durability->synchronous_standby);
}

TEST(DurabilityTest, ARoleWhoseCommitsAreAsynchronousIsRefused) {
  Options options = testing::OptionsFor("qm_ledger", testing::NewDatabase());
  options.connection_string += " options='-c synchronous_commit=off'";
  auto connection = RawConnection::Connect(options);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const absl::Status status = CheckDurability(**connection).status();
  EXPECT_EQ(errors::ErrorId(status), "pg.durability_off");
  EXPECT_EQ(status.message(),
            "database settings: got synchronous_commit off, want on: an answer would not be safe");
}

TEST(DurabilityTest, AServerWithoutFsyncAndFullPageWritesIsRefused) {
  auto admin = RawConnection::Connect(testing::OptionsFor("qm_admin", "postgres"));
  ASSERT_TRUE(admin.ok());
  ASSERT_TRUE((*admin)->Run("ALTER SYSTEM SET fsync = off").ok());
  ASSERT_TRUE((*admin)->Run("ALTER SYSTEM SET full_page_writes = off").ok());
  testing::SharedPostgres().Kill();
  testing::SharedPostgres().Start();

  auto connection = RawConnection::Connect(testing::OptionsFor("qm_ledger", testing::NewDatabase()));
  ASSERT_TRUE(connection.ok()) << connection.status();
  const absl::Status status = CheckDurability(**connection).status();
  EXPECT_EQ(status.message(),
            "database settings: got fsync, full_page_writes off, want on: an answer would not be "
            "safe");
}

}  // namespace
}  // namespace quartermaster::pg
