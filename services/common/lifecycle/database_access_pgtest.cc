#include "services/common/lifecycle/database_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <postgresql/libpq-fe.h>

#include <map>
#include <pqxx/pqxx>

#include "services/common/errors/error.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster {
namespace {

// The keywords of a connection string.
std::map<std::string, std::string> Keywords(const std::string& connection_string) {
  std::map<std::string, std::string> keywords;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(connection_string.c_str(), nullptr), &PQconninfoFree);
  for (auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  return keywords;
}

TEST(ExternalConnectionString, AddsRoleAndPasswordToKeywordsOfSeveralHosts) {
  config::ExternalDatabase external;
  external.connection_string = "host=a,b port=5432,5433 dbname='my db' sslmode=verify-full";
  external.user_prefix = "prod_";
  const auto keywords = Keywords(ExternalConnectionString(external, "ledger", log::Secret("it's \\ secret")));
  EXPECT_EQ(keywords.at("host"), "a,b");
  EXPECT_EQ(keywords.at("port"), "5432,5433");
  EXPECT_EQ(keywords.at("dbname"), "my db");
  EXPECT_EQ(keywords.at("sslmode"), "verify-full");
  EXPECT_EQ(keywords.at("user"), "prod_ledger");
  EXPECT_EQ(keywords.at("password"), "it's \\ secret");
}

TEST(ExternalConnectionString, ReadsUrisToo) {
  config::ExternalDatabase external;
  external.connection_string = "postgresql://a:5432,b:5433/quartermaster?sslmode=require";
  const auto keywords = Keywords(ExternalConnectionString(external, "ingest", log::Secret()));
  EXPECT_EQ(keywords.at("host"), "a,b");
  EXPECT_EQ(keywords.at("dbname"), "quartermaster");
  EXPECT_EQ(keywords.at("user"), "qm_ingest");
  EXPECT_FALSE(keywords.contains("password"));
}

// A configuration whose external database is a database of the shared cluster.
class ExternalDatabaseTest : public testing::Test {
 protected:
  void Use(const std::string& database) {
    database_ = database;
    auto keywords = Keywords(testing::OptionsFor("qm_ledger", database).connection_string);
    keywords.erase("user");
    config_ = config::DefaultNodeConfig();
    config_.database.external.emplace();
    for (const auto& [keyword, value] : keywords) {
      config_.database.external->connection_string += keyword + "='" + value + "' ";
    }
    auto access = DatabaseAccess::Open(config_, {"ledger", "ingest"});
    ASSERT_TRUE(access.ok()) << access.status();
    access_ = *std::move(access);
  }

  void AsSuperuser(const std::string& sql) {
    auto connection = pg::RawConnection::Connect(testing::OptionsFor("qm_admin", database_));
    ASSERT_TRUE(connection.ok()) << connection.status();
    const absl::Status status = (*connection)->Run(sql.c_str());
    ASSERT_TRUE(status.ok()) << status;
  }

  static bool Never() { return false; }
  static bool Now() { return true; }

  std::string database_;
  config::NodeConfig config_;
  std::unique_ptr<DatabaseAccess> access_;
};

TEST_F(ExternalDatabaseTest, IsUsableWhenMigratedAndDurable) {
  Use(testing::NewDatabase());
  const absl::Status status = access_->WaitUntilUsable(Never);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(access_->synchronous_standby());
  EXPECT_FALSE(access_->migrates_at_start());
  pg::Pool pool(access_->OptionsOf("ledger"));
  const auto user = pool.Read("who", [](pqxx::transaction_base& t) -> absl::StatusOr<std::string> {
    return t.exec1("SELECT current_user")[0].as<std::string>();
  });
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(*user, "qm_ledger");
}

TEST_F(ExternalDatabaseTest, WithoutSchemaItIsWaitedFor) {
  Use(testing::SharedPostgres().NewEmptyDatabase());
  EXPECT_EQ(errors::ErrorId(access_->WaitUntilUsable(Now)), "lifecycle.schema_not_ready");
  AsSuperuser("ALTER DATABASE \"" + database_ + "\" OWNER TO qm_owner");
  const absl::Status migrated = access_->Migrate();
  ASSERT_TRUE(migrated.ok()) << migrated;
  EXPECT_TRUE(access_->WaitUntilUsable(Never).ok());
}

TEST_F(ExternalDatabaseTest, OneVersionBehindIsServedTwoAreNot) {
  Use(testing::NewDatabase());
  AsSuperuser(
      "DELETE FROM quartermaster.schema_migrations WHERE version ="
      " (SELECT max(version) FROM quartermaster.schema_migrations)");
  EXPECT_TRUE(access_->WaitUntilUsable(Now).ok());
  AsSuperuser(
      "DELETE FROM quartermaster.schema_migrations WHERE version ="
      " (SELECT max(version) FROM quartermaster.schema_migrations)");
  EXPECT_EQ(errors::ErrorId(access_->WaitUntilUsable(Now)), "lifecycle.schema_not_ready");
}

TEST_F(ExternalDatabaseTest, ARoleThatDoesNotWaitForItsCommitsIsRefused) {
  Use(testing::NewDatabase());
  AsSuperuser("ALTER ROLE qm_ingest IN DATABASE \"" + database_ + "\" SET synchronous_commit = off");
  EXPECT_EQ(errors::ErrorId(access_->WaitUntilUsable(Never)), "pg.durability_off");
}

TEST_F(ExternalDatabaseTest, AMissingPasswordFileIsNamed) {
  Use(testing::NewDatabase());
  config_.database.external->passwords["ingest"].file = "/absent/password";
  const auto access = DatabaseAccess::Open(config_, {"ingest"});
  EXPECT_EQ(errors::ErrorId(access.status()), "config.secret_unreadable");
}

}  // namespace
}  // namespace quartermaster
