// A commit that stopped waiting for its synchronous standby must not look done.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/pg/durability.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/pool.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

constexpr char kCancelWaits[] =
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
constexpr char kTerminateWaits[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
constexpr char kInsert[] =
    "INSERT INTO api_clients (client_id, role, secret_hash, created_at)"
    " VALUES ($1, 'device', '', '2024-01-01')";

class StandbyTest : public ::testing::Test {
 protected:
  // Commits wait for a standby that never comes, until somebody ends the wait.
  void SetUp() override { SetStandby("nobody"); }
  void TearDown() override {
    done_ = true;
    ender_.join();
    SetStandby("");
  }

  // Runs `end_sql` about every 50 ms until the test is over.
  void EndWaitsWith(const char* end_sql) {
    ender_ = std::thread([this, end_sql] {
      auto admin = RawConnection::Connect(testing::OptionsFor("qm_admin", "postgres"));
      ASSERT_TRUE(admin.ok()) << admin.status();
      while (!done_) {
        ASSERT_TRUE((*admin)->Run(end_sql).ok());
        absl::SleepFor(absl::Milliseconds(50));
      }
    });
  }

  void SetStandby(const std::string& name) {
    auto admin = RawConnection::Connect(testing::OptionsFor("qm_admin", "postgres"));
    ASSERT_TRUE(admin.ok()) << admin.status();
    const std::string sql = absl::StrCat("ALTER SYSTEM SET synchronous_standby_names = '", name, "'");
    ASSERT_TRUE((*admin)->Run(sql.c_str()).ok());
    ASSERT_TRUE((*admin)->Run("SELECT pg_reload_conf()").ok());
  }

  // The server takes the setting over within moments: commits until one had to wait.
  template <typename CommitOne>
  absl::Status FirstThatFails(CommitOne commit_one) {
    absl::Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) {
      status = commit_one(absl::StrCat("client-", i));
      last_ = absl::StrCat("client-", i);
      absl::SleepFor(absl::Milliseconds(20));
    }
    return status;
  }

  static absl::Status Insert(RawConnection& connection, const std::string& client) {
    EXPECT_TRUE(connection.Begin().ok());
    Params params;
    params.AddText(client);
    EXPECT_TRUE(connection.Execute(kInsert, params).ok());
    return connection.Commit();
  }

  bool IsThere(const std::string& client) {
    auto connection = RawConnection::Connect(options_);
    Params params;
    params.AddText(client);
    return (*connection)->Execute("SELECT 1 FROM api_clients WHERE client_id = $1", params)->rows() == 1;
  }

  std::thread ender_;
  std::atomic<bool> done_ = false;
  Options options_ = testing::OptionsFor("qm_gateway", testing::NewDatabase());
  std::string last_;
};

TEST_F(StandbyTest, APoolsCommitThatStoppedWaitingIsInDoubt) {
  EndWaitsWith(kCancelWaits);
  Pool pool(options_);
  const absl::Status status = FirstThatFails([&](const std::string& client) {
    return pool.Transact("insert", [&](pqxx::transaction_base& transaction) {
      transaction.exec_params0(kInsert, client);
      return absl::OkStatus();
    });
  });
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_TRUE(IsThere(last_)) << "this server has it; only its standby may not";
}

TEST_F(StandbyTest, ARawCommitThatStoppedWaitingIsInDoubt) {
  EndWaitsWith(kCancelWaits);
  auto connection = RawConnection::Connect(options_);
  ASSERT_TRUE(connection.ok());
  const absl::Status status =
      FirstThatFails([&](const std::string& client) { return Insert(**connection, client); });
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_TRUE(IsThere(last_));
  EXPECT_TRUE((*connection)->healthy());
}

TEST_F(StandbyTest, ACommitWhoseSessionWasEndedWhileItWaitedIsInDoubt) {
  EndWaitsWith(kTerminateWaits);
  auto connection = RawConnection::Connect(options_);
  ASSERT_TRUE(connection.ok());
  const absl::Status status =
      FirstThatFails([&](const std::string& client) { return Insert(**connection, client); });
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_TRUE(IsThere(last_));
}

TEST_F(StandbyTest, TheDurabilityCheckSeesThatCommitsWaitForAStandby) {
  EndWaitsWith(kCancelWaits);
  for (int i = 0; i < 100; ++i) {
    auto connection = RawConnection::Connect(options_);
    ASSERT_TRUE(connection.ok());
    const auto durability = CheckDurability(**connection);
    ASSERT_TRUE(durability.ok()) << durability.status();
    if (durability->synchronous_standby) return;
    absl::SleepFor(absl::Milliseconds(20));
  }
  FAIL() << "no standby seen";
}

}  // namespace
}  // namespace quartermaster::pg
