#include "db/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::db {
namespace {

using ::testing::HasSubstr;

class MigratorTest : public ::testing::Test {
 protected:
  std::string ConnectionString(std::string_view role = "qm_admin") {
    return testing::OptionsFor(role, database_).connection_string;
  }
  void Run(std::string_view role, const std::string& sql) {
    auto connection = pg::RawConnection::Connect(testing::OptionsFor(role, database_));
    ASSERT_TRUE(connection.ok()) << connection.status();
    const absl::Status status = (*connection)->Run(sql.c_str());
    ASSERT_TRUE(status.ok()) << status;
  }
  int64_t Count(const char* sql) {
    auto connection = pg::RawConnection::Connect(testing::OptionsFor("qm_admin", database_));
    EXPECT_TRUE(connection.ok()) << connection.status();
    const auto count = (*connection)->Execute(sql, pg::Params());
    EXPECT_TRUE(count.ok()) << count.status();
    return count.ok() ? count->Int64(0, 0) : -1;
  }
  static std::vector<Migration> WithMore(std::vector<const char*> more) {
    std::vector<Migration> migrations = Migrations();
    for (const char* sql : more) {
      migrations.push_back({static_cast<int>(migrations.size()) + 1, "of_a_test", sql});
    }
    return migrations;
  }
  static MigrateOptions With(const std::vector<Migration>& migrations) {
    MigrateOptions options;
    options.migrations = &migrations;
    options.patience = absl::Seconds(20);
    return options;
  }

  const int newest_ = static_cast<int>(Migrations().size());
  std::string database_ = testing::SharedPostgres().NewEmptyDatabase();
};

TEST_F(MigratorTest, AnEmptyDatabaseGetsTheNewestSchemaOnce) {
  auto first = Migrate(ConnectionString());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->version_before, 0);
  EXPECT_EQ(first->version, newest_);
  EXPECT_EQ(first->incarnation, 1);
  EXPECT_FALSE(first->incarnation_is_new);
  auto second = Migrate(ConnectionString());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->version_before, newest_);
  EXPECT_EQ(second->version, newest_);
  EXPECT_FALSE(second->incarnation_is_new);
  EXPECT_EQ(Count("SELECT count(*) FROM schema_migrations"), newest_);
  EXPECT_EQ(Count("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                  " WHERE nspname = 'quartermaster' AND pg_get_userbyid(relowner) <> 'qm_owner'"),
            0);
}

TEST_F(MigratorTest, SeveralMigratorsAtOnceApplyEachStepOnce) {
  std::atomic<int> events = 0;
  MigrateOptions options;
  options.on_event = [&](std::string_view) { ++events; };
  std::vector<std::thread> migrators;
  for (int i = 0; i < 6; ++i) {
    migrators.emplace_back([&] {
      const auto result = Migrate(ConnectionString(), options);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->version, newest_);
    });
  }
  for (std::thread& migrator : migrators) migrator.join();
  EXPECT_EQ(events, newest_);
  EXPECT_EQ(Count("SELECT count(*) FROM schema_migrations"), newest_);
  EXPECT_EQ(Count("SELECT count(*) FROM database_incarnations"), 1);
}

TEST_F(MigratorTest, MigratorsOfSeveralDatabasesMakeTheSameRolesAtOnce) {
  MigrateOptions options;
  options.role_prefix = "race_";
  std::vector<std::string> databases;
  for (int i = 0; i < 4; ++i) databases.push_back(testing::SharedPostgres().NewEmptyDatabase());
  std::vector<std::thread> migrators;
  for (const std::string& database : databases) {
    migrators.emplace_back([&, database] {
      const auto result = Migrate(testing::OptionsFor("qm_admin", database).connection_string, options);
      EXPECT_TRUE(result.ok()) << result.status();
    });
  }
  for (std::thread& migrator : migrators) migrator.join();
  database_ = databases.front();
  EXPECT_EQ(Count("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'race\\_%'"), 5);
  EXPECT_EQ(Count("SELECT has_table_privilege('race_ledger', 'ledger_entries', 'INSERT')::int::bigint"), 1);
}

TEST_F(MigratorTest, AChangedMigrationIsRefusedByName) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  std::vector<Migration> changed = Migrations();
  const std::string sql = absl::StrCat(std::string(changed[1].sql), " ");
  changed[1].sql = sql;
  const absl::Status status = Migrate(ConnectionString(), With(changed)).status();
  EXPECT_EQ(errors::ErrorId(status), "migrate.checksum_changed");
  EXPECT_THAT(std::string(status.message()), HasSubstr("migration 0002_create_ingest: got checksum"));
}

TEST_F(MigratorTest, AMigrationWithoutRecordIsRefused) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  Run("qm_owner", "DELETE FROM schema_migrations WHERE version = 2");
  EXPECT_EQ(errors::ErrorId(Migrate(ConnectionString()).status()), "migrate.checksum_changed");
}

TEST_F(MigratorTest, ADatabaseOneVersionAheadIsLeftAsItIs) {
  const auto ahead = WithMore({"CREATE TABLE later (id int)"});
  ASSERT_TRUE(Migrate(ConnectionString(), With(ahead)).ok());
  Run("qm_owner", "GRANT INSERT ON later TO qm_ledger");
  const auto result = Migrate(ConnectionString());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->version, newest_ + 1);
  EXPECT_EQ(Count("SELECT has_table_privilege('qm_ledger', 'later', 'INSERT')::int::bigint"), 1)
      << "an older binary took the newer one's rights";
}

TEST_F(MigratorTest, ADatabaseTwoVersionsAheadIsRefused) {
  const auto ahead = WithMore({"CREATE TABLE later (id int)", "CREATE TABLE latest (id int)"});
  ASSERT_TRUE(Migrate(ConnectionString(), With(ahead)).ok());
  EXPECT_EQ(errors::ErrorId(Migrate(ConnectionString()).status()), "migrate.database_too_new");
}

TEST_F(MigratorTest, AFailingStepLeavesNothingOfItselfAndCanBeMended) {
  const auto broken = WithMore({"CREATE TABLE good (id int)", "CREATE TABLE half (id int); SELECT 1/0"});
  const absl::Status status = Migrate(ConnectionString(), With(broken)).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrFormat("migration %04d_of_a_test: SQLSTATE 22012", newest_ + 2)));
  EXPECT_EQ(Count("SELECT count(*) FROM schema_migrations"), newest_ + 1);
  EXPECT_EQ(Count("SELECT count(*) FROM pg_tables WHERE tablename = 'half'"), 0);
  const auto mended = WithMore({"CREATE TABLE good (id int)", "CREATE TABLE half (id int)"});
  const auto result = Migrate(ConnectionString(), With(mended));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->version_before, newest_ + 1);
}

TEST_F(MigratorTest, ALockThatTrafficHoldsIsTriedForAgain) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  auto traffic = pg::RawConnection::Connect(testing::OptionsFor("qm_ledger", database_));
  ASSERT_TRUE((*traffic)->Begin().ok());
  ASSERT_TRUE((*traffic)->Run("SELECT * FROM smart_accounts").ok());

  const auto more = WithMore({"ALTER TABLE smart_accounts ADD COLUMN note text"});
  MigrateOptions options = With(more);
  options.lock_timeout = absl::Milliseconds(100);
  options.patience = absl::Milliseconds(700);
  const absl::Status held = Migrate(ConnectionString(), options).status();
  EXPECT_EQ(pg::SqlStateOf(held), "55P03") << held;

  std::thread end_of_traffic([&] {
    absl::SleepFor(absl::Milliseconds(300));
    (*traffic)->Rollback();
  });
  options.patience = absl::Seconds(30);
  int retries = 0;
  options.on_event = [&](std::string_view event) { retries += event.find("try again") != event.npos; };
  EXPECT_TRUE(Migrate(ConnectionString(), options).ok());
  EXPECT_GT(retries, 0);
  end_of_traffic.join();
}

TEST_F(MigratorTest, AMigratorThatDiesLeavesTheWayFree) {
  auto stuck = pg::RawConnection::Connect(testing::OptionsFor("qm_admin", database_));
  ASSERT_TRUE((*stuck)->Run("SELECT pg_advisory_lock(hashtextextended('quartermaster/migrate', 0))").ok());
  MigrateOptions options;
  options.patience = absl::Milliseconds(300);
  EXPECT_EQ(errors::ErrorId(Migrate(ConnectionString(), options).status()), "migrate.busy");
  stuck->reset();
  options.patience = absl::Seconds(30);
  EXPECT_TRUE(Migrate(ConnectionString(), options).ok());
}

TEST_F(MigratorTest, DataFromAnotherServerBeginsANewIncarnationOnce) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  Run("qm_owner", "UPDATE database_incarnations SET system_identifier = 4711");
  auto result = Migrate(ConnectionString());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->incarnation, 2);
  EXPECT_TRUE(result->incarnation_is_new);
  result = Migrate(ConnectionString());
  EXPECT_EQ(result->incarnation, 2);
  EXPECT_FALSE(result->incarnation_is_new);
}

TEST_F(MigratorTest, TheOwnerCanMigrateWithoutBeingASuperuser) {
  Run("qm_admin", absl::StrCat("GRANT CREATE ON DATABASE ", database_, " TO qm_owner"));
  const auto result = Migrate(ConnectionString("qm_owner"));
  ASSERT_TRUE(result.ok()) << result.status();
  // With a schema that is there, it needs no right on the database.
  Run("qm_admin", absl::StrCat("REVOKE CREATE ON DATABASE ", database_, " FROM qm_owner"));
  EXPECT_TRUE(Migrate(ConnectionString("qm_owner")).ok());
}

TEST_F(MigratorTest, RolesThatAreMissingAndMayNotBeMadeAreNamed) {
  MigrateOptions options;
  options.role_prefix = "other_";
  const absl::Status status = Migrate(ConnectionString("qm_owner"), options).status();
  EXPECT_EQ(errors::ErrorId(status), "migrate.role_missing");
  EXPECT_THAT(std::string(status.message()), HasSubstr("got no other_owner, other_ingest"));
}

TEST_F(MigratorTest, AServiceCannotMigrate) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  const absl::Status status = Migrate(ConnectionString("qm_ledger")).status();
  EXPECT_EQ(errors::ErrorId(status), "migrate.not_owner");
  EXPECT_EQ(status.message(), "database role: got qm_ledger, want qm_owner, a member of it, or a superuser");
}

TEST_F(MigratorTest, ARolePrefixThatIsNoIdentifierIsRefused) {
  MigrateOptions options;
  options.role_prefix = "qm; DROP";
  EXPECT_EQ(errors::ErrorId(Migrate(ConnectionString(), options).status()), "migrate.role_prefix_invalid");
}

TEST_F(MigratorTest, ADatabaseThatIsAwayIsUnavailableAfterPatience) {
  MigrateOptions options;
  options.patience = absl::Milliseconds(600);
  EXPECT_TRUE(absl::IsUnavailable(Migrate("host=/nonexistent", options).status()));
}

TEST(MigratorFaultTest, AKillOfTheServerInTheMiddleIsFinishedByTheSameCall) {
  // A server of its own: the shared one would recover all databases of this file.
  testing::PostgresFixture server;
  const std::string database = server.NewDatabase();
  std::vector<Migration> migrations = Migrations();
  const int slow = static_cast<int>(migrations.size()) + 1;
  migrations.push_back({slow, "of_a_test", "CREATE TABLE slow (id int); SELECT pg_sleep(1)"});
  MigrateOptions options;
  options.migrations = &migrations;
  std::thread killer;
  options.on_event = [&](std::string_view event) {
    if (event.find("of_a_test") == event.npos || killer.joinable()) return;
    killer = std::thread([&server] {
      absl::SleepFor(absl::Milliseconds(300));
      server.Kill();
      server.Start();
    });
  };
  const auto result = Migrate(server.OptionsFor("qm_admin", database).connection_string, options);
  killer.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->version, slow);
  auto owner = pg::RawConnection::Connect(server.OptionsFor("qm_owner", database));
  ASSERT_TRUE(owner.ok()) << owner.status();
  static constexpr char kSql[] = "SELECT count(*) FROM schema_migrations";
  EXPECT_EQ((*owner)->Execute(kSql, pg::Params())->Int64(0, 0), slow);
}

TEST_F(MigratorTest, DefinerFunctionsLookIntoTemporaryTablesLast) {
  ASSERT_TRUE(Migrate(ConnectionString()).ok());
  EXPECT_GT(Count("SELECT count(*) FROM pg_proc WHERE prosecdef"
                  " AND pronamespace = 'quartermaster'::regnamespace"),
            0);
  EXPECT_EQ(Count("SELECT count(*) FROM pg_proc WHERE prosecdef"
                  " AND pronamespace = 'quartermaster'::regnamespace"
                  " AND NOT 'search_path=quartermaster, pg_temp' = ANY (proconfig)"),
            0);
}

}  // namespace
}  // namespace quartermaster::db
