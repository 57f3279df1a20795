#include "services/common/pg/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

constexpr char kInsertClient[] =
    "INSERT INTO api_clients (client_id, role, secret_hash, created_at)"
    " VALUES ($1, 'device', '', '2024-01-01')";

absl::Status InsertClient(pqxx::transaction_base& transaction, const std::string& id) {
  transaction.exec_params0(kInsertClient, id);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CountClients(Pool& pool) {
  return pool.Read("count", [](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
    return transaction.exec1("SELECT count(*) FROM api_clients")[0].as<int64_t>();
  });
}

class PoolTest : public ::testing::Test {
 protected:
  Options GatewayOptions() { return testing::OptionsFor("qm_gateway", database_); }
  const std::string database_ = testing::NewDatabase();
};

TEST_F(PoolTest, CommitsWhenTheBodyIsOkAndRollsBackWhenNot) {
  Pool pool(GatewayOptions());
  EXPECT_TRUE(
      pool.Transact("insert", [](auto& transaction) { return InsertClient(transaction, "kept"); }).ok());
  const absl::Status refused = pool.Transact("insert", [](auto& transaction) {
    EXPECT_TRUE(InsertClient(transaction, "dropped").ok());
    return absl::PermissionDeniedError("not you");
  });
  EXPECT_EQ(refused, absl::PermissionDeniedError("not you"));
  EXPECT_EQ(*CountClients(pool), 1);
}

TEST_F(PoolTest, SessionsHaveOurSettings) {
  Options options = GatewayOptions();
  options.application_name = "gateway";
  Pool pool(options);
  auto settings = pool.Read("settings", [](auto& transaction) -> absl::StatusOr<std::string> {
    const pqxx::row row = transaction.exec1(
        "SELECT current_setting('search_path'), current_setting('TimeZone'),"
        " current_setting('statement_timeout'), current_setting('application_name'),"
        " current_setting('transaction_isolation'), current_setting('transaction_read_only')");
    std::string text;
    for (const auto& field : row) absl::StrAppend(&text, field.c_str(), " ");
    return text;
  });
  EXPECT_EQ(*settings, "quartermaster UTC 1min gateway repeatable read on ");
}

TEST_F(PoolTest, AReadThatWritesIsRefused) {
  Options options = GatewayOptions();
  options.patience = absl::Milliseconds(200);
  Pool pool(options);
  const absl::Status status =
      pool.Read("write", [](auto& transaction) { return InsertClient(transaction, "x"); });
  EXPECT_EQ(errors::ErrorId(status), "pg.read_only");
}

TEST_F(PoolTest, ADuplicateKeyIsAlreadyExistsAndIsNotRetried) {
  Pool pool(GatewayOptions());
  int runs = 0;
  const auto insert = [&](auto& transaction) {
    ++runs;
    return InsertClient(transaction, "same");
  };
  EXPECT_TRUE(pool.Transact("insert", insert).ok());
  EXPECT_EQ(errors::ErrorId(pool.Transact("insert", insert)), "pg.already_exists");
  EXPECT_EQ(runs, 2);
}

TEST_F(PoolTest, ABodyThatIgnoresAFailedStatementDoesNotCountAsCommitted) {
  Pool pool(GatewayOptions());
  const absl::Status status = pool.Transact("insert", [](auto& transaction) {
    EXPECT_TRUE(InsertClient(transaction, "same").ok());
    EXPECT_THROW(transaction.exec_params0(kInsertClient, "same"), pqxx::unique_violation);
    return absl::OkStatus();
  });
  EXPECT_EQ(errors::ErrorId(status), "pg.statement_failed");
  EXPECT_EQ(*CountClients(pool), 0);
}

TEST_F(PoolTest, RetriesWhenTheBackendIsTerminatedInTheMiddle) {
  Pool pool(GatewayOptions());
  int runs = 0;
  const absl::Status status = pool.Transact("insert", [&](auto& transaction) {
    EXPECT_TRUE(InsertClient(transaction, "once").ok());
    if (++runs == 1) testing::SharedPostgres().TerminateSessions(database_);
    transaction.exec("SELECT 1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(*CountClients(pool), 1);
}

TEST_F(PoolTest, IdleSessionsThatDiedDoNotFailTheNextCall) {
  Pool pool(GatewayOptions());
  for (int round = 0; round < 3; ++round) {
    // Several at once, so that several are idle afterwards.
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(CountClients(pool).ok()); });
    }
    for (std::thread& thread : threads) thread.join();
    testing::SharedPostgres().TerminateSessions(database_);
  }
  EXPECT_TRUE(CountClients(pool).ok());
}

TEST_F(PoolTest, ACommitWhoseConnectionBreaksIsInDoubtAndRunsOnce) {
  Pool pool(GatewayOptions());
  int runs = 0;
  const absl::Status status = pool.Transact("insert", [&](auto& transaction) {
    ++runs;
    EXPECT_TRUE(InsertClient(transaction, "doubtful").ok());
    // The body is done; what comes next on this connection is COMMIT.
    testing::SharedPostgres().TerminateSessions(database_);
    return absl::OkStatus();
  });
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_TRUE(errors::IsRetryable(status));
  EXPECT_EQ(runs, 1);
  // Re-reading by key settles the doubt.
  EXPECT_EQ(*CountClients(pool), 0);
}

TEST_F(PoolTest, ADeadlockIsRetriedUntilBothAreDone) {
  Pool pool(GatewayOptions());
  for (const char* id : {"a", "b"}) {
    ASSERT_TRUE(
        pool.Transact("insert", [&](auto& transaction) { return InsertClient(transaction, id); }).ok());
  }
  absl::Barrier* both_locked = new absl::Barrier(2);
  std::atomic<int> runs = 0;
  const auto update_both = [&](const char* first, const char* second) {
    return pool.Transact("update", [&](auto& transaction) {
      static constexpr char kSql[] = "UPDATE api_clients SET role = 'x' WHERE client_id = $1";
      transaction.exec_params0(kSql, first);
      if (runs++ < 2 && both_locked->Block()) delete both_locked;
      transaction.exec_params0(kSql, second);
      return absl::OkStatus();
    });
  };
  std::thread other([&] { EXPECT_TRUE(update_both("b", "a").ok()); });
  EXPECT_TRUE(update_both("a", "b").ok());
  other.join();
  EXPECT_EQ(runs, 3);
}

TEST_F(PoolTest, AStatementThatTakesTooLongIsADeadlineExceeded) {
  Options options = GatewayOptions();
  options.statement_timeout = absl::Milliseconds(50);
  Pool pool(options);
  const absl::Status status = pool.Transact("sleep", [](auto& transaction) {
    transaction.exec("SELECT pg_sleep(5)");
    return absl::OkStatus();
  });
  EXPECT_EQ(errors::ErrorId(status), "pg.statement_timeout");
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
}

TEST_F(PoolTest, WhenAllConnectionsAreBusyCallersWaitAndThenGiveUp) {
  Options options = GatewayOptions();
  options.connections_max = 1;
  options.patience = absl::Milliseconds(200);
  Pool pool(options);
  absl::Notification holding;
  absl::Notification release;
  std::thread holder([&] {
    EXPECT_TRUE(pool.Transact("hold",
                              [&](pqxx::transaction_base&) {
                                holding.Notify();
                                release.WaitForNotification();
                                return absl::OkStatus();
                              })
                    .ok());
  });
  holding.WaitForNotification();
  EXPECT_EQ(errors::ErrorId(CountClients(pool).status()), "pg.out_of_resources");
  release.Notify();
  holder.join();
  EXPECT_TRUE(CountClients(pool).ok());
}

TEST_F(PoolTest, ADatabaseThatIsAwayIsUnavailableAfterPatience) {
  Options options = GatewayOptions();
  options.connection_string = "host=/nonexistent user=qm_gateway";
  options.patience = absl::Milliseconds(300);
  Pool pool(options);
  const absl::Time start = absl::Now();
  const absl::Status status = CountClients(pool).status();
  EXPECT_EQ(errors::ErrorId(status), "pg.unavailable");
  EXPECT_GT(absl::Now() - start, absl::Milliseconds(100)) << "did not try again";
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(PoolTest, TheObserverSeesEveryCallByName) {
  std::vector<std::string> seen;
  Options options = GatewayOptions();
  options.observer = [&](std::string_view name, absl::Duration took, const absl::Status& status) {
    EXPECT_GT(took, absl::ZeroDuration());
    seen.push_back(absl::StrCat(std::string(name), status.ok() ? " ok" : " failed"));
  };
  Pool pool(options);
  EXPECT_TRUE(CountClients(pool).ok());
  EXPECT_FALSE(pool.Transact("refuse", [](auto&) { return absl::InternalError("no"); }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"count ok", "refuse failed"}));
}

TEST_F(PoolTest, SurvivesTheKillOfTheServer) {
  Options options = GatewayOptions();
  // Recovery takes what it takes on a busy machine.
  options.patience = absl::Minutes(3);
  Pool pool(options);
  ASSERT_TRUE(pool.Transact("insert", [](auto& transaction) { return InsertClient(transaction, "a"); }).ok());
  testing::SharedPostgres().Kill();
  std::thread restart([] {
    absl::SleepFor(absl::Milliseconds(300));
    testing::SharedPostgres().Start();
  });
  // Asked while it is away; answered when it is back.
  const auto count = CountClients(pool);
  EXPECT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(count.value_or(-1), 1);
  restart.join();
}

}  // namespace
}  // namespace quartermaster::pg
