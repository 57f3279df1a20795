#include "services/common/testing/postgres_fixture.h"

#include <gtest/gtest.h>

namespace quartermaster::testing {
namespace {

int64_t Count(const pg::Options& options, const std::string& sql) {
  pg::Pool pool(options);
  auto count = pool.Read("count", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
    return transaction.exec1(sql)[0].as<int64_t>();
  });
  EXPECT_TRUE(count.ok()) << count.status();
  return count.value_or(-1);
}

TEST(PostgresFixtureTest, ANewDatabaseHasTheSchema) {
  const std::string database = NewDatabase();
  EXPECT_EQ(Count(OptionsFor("qm_ledger", database), "SELECT count(*) FROM smart_accounts"), 0);
  EXPECT_EQ(Count(OptionsFor("qm_ingest", database), "SELECT count(*) FROM database_incarnations"), 1);
}

TEST(PostgresFixtureTest, DatabasesDoNotSeeEachOther) {
  const std::string one = NewDatabase();
  const std::string other = NewDatabase();
  pg::Pool pool(OptionsFor("qm_ledger", one));
  ASSERT_TRUE(pool.Transact("insert",
                            [](pqxx::transaction_base& transaction) {
                              transaction.exec0(
                                  "INSERT INTO smart_accounts (domain, display_name, created_at)"
                                  " VALUES ('example.com', 'Example', '2024-01-01')");
                              return absl::OkStatus();
                            })
                  .ok());
  EXPECT_EQ(Count(OptionsFor("qm_ledger", one), "SELECT count(*) FROM smart_accounts"), 1);
  EXPECT_EQ(Count(OptionsFor("qm_ledger", other), "SELECT count(*) FROM smart_accounts"), 0);
}

TEST(PostgresFixtureTest, AKilledServerComesBackWithWhatWasCommitted) {
  const std::string database = NewDatabase();
  {
    pg::Pool pool(OptionsFor("qm_gateway", database));
    ASSERT_TRUE(pool.Transact("insert",
                              [](pqxx::transaction_base& transaction) {
                                transaction.exec0(
                                    "INSERT INTO api_clients (client_id, role, secret_hash, created_at)"
                                    " VALUES ('a', 'device', 'h', '2024-01-01')");
                                return absl::OkStatus();
                              })
                    .ok());
  }
  SharedPostgres().Kill();
  SharedPostgres().Start();
  EXPECT_EQ(Count(OptionsFor("qm_gateway", database), "SELECT count(*) FROM api_clients"), 1);
}

}  // namespace
}  // namespace quartermaster::testing
