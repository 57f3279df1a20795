// A dump that is restored into another server: change feeds go on, nothing twice, nothing lost.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "db/migrator.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::db {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

std::unique_ptr<pg::RawConnection> Connect(testing::PostgresFixture& server, std::string_view role,
                                           const std::string& database) {
  auto connection = pg::RawConnection::Connect(server.OptionsFor(role, database));
  EXPECT_TRUE(connection.ok()) << connection.status();
  return *std::move(connection);
}

void WriteChange(pg::RawConnection& ingest, int32_t count) {
  static constexpr char kSql[] =
      "INSERT INTO ingest_changes (smart_account_id, incarnation, received_at, report_count,"
      " digest_bytes) VALUES (1, $1, $2, $3, 10)";
  const auto incarnation = pg::CurrentIncarnation(ingest);
  ASSERT_TRUE(incarnation.ok()) << incarnation.status();
  pg::Params params;
  params.Add(*incarnation);
  params.Add(kNow);
  params.Add(count);
  ASSERT_TRUE(ingest.Execute(kSql, params).ok());
}

// Reads up to `limit` changes and moves the cursor, as ledger does.
std::vector<int32_t> Follow(pg::RawConnection& ledger, int32_t limit) {
  std::vector<int32_t> counts;
  EXPECT_TRUE(ledger.Begin().ok());
  auto position = pg::LockCursor(ledger, "ledger_cursors", "apply", kNow);
  EXPECT_TRUE(position.ok()) << position.status();
  const auto changes = pg::ReadChanges(ledger, pg::kIngestFeed, *position, limit);
  EXPECT_TRUE(changes.ok()) << changes.status();
  for (const pg::Change& change : *changes) {
    counts.push_back(change.count);
    *position = change.position;
  }
  EXPECT_TRUE(pg::MoveCursor(ledger, "ledger_cursors", "apply", *position, kNow).ok());
  EXPECT_TRUE(ledger.Commit().ok());
  return counts;
}

// The newest pg_dump and psql, which are beside the server that the fixture runs.
std::string ClientProgram(const std::string& name) {
  std::string newest = name;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    const std::string program = entry.path() / "bin" / name;
    if (std::filesystem::exists(program) && (newest == name || program > newest)) newest = program;
  }
  return newest;
}

TEST(RestoreTest, AFollowerGoesOnWhereItWasAndSeesNewChangesAfterOldOnes) {
  testing::PostgresFixture& old_server = testing::SharedPostgres();
  testing::PostgresFixture new_server;
  const std::string source = old_server.NewDatabase();
  const std::string target = new_server.NewEmptyDatabase();
  {
    auto ingest = Connect(old_server, "qm_ingest", source);
    // Far ahead of the new server's transaction ids.
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(ingest->Run("SELECT pg_current_xact_id()").ok());
    for (int32_t count = 1; count <= 5; ++count) WriteChange(*ingest, count);
    auto ledger = Connect(old_server, "qm_ledger", source);
    EXPECT_EQ(Follow(*ledger, 2), (std::vector<int32_t>{1, 2}));
  }

  const std::string command = absl::StrCat(
      ClientProgram("pg_dump"), " -d \"", old_server.OptionsFor("qm_admin", source).connection_string,
      "\" | ", ClientProgram("psql"), " -q -v ON_ERROR_STOP=1 -d \"",
      new_server.OptionsFor("qm_admin", target).connection_string, "\" > /dev/null");
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto migrated = Migrate(new_server.OptionsFor("qm_admin", target).connection_string);
  ASSERT_TRUE(migrated.ok()) << migrated.status();
  EXPECT_TRUE(migrated->incarnation_is_new);
  EXPECT_EQ(migrated->incarnation, 2);

  auto ingest = Connect(new_server, "qm_ingest", target);
  WriteChange(*ingest, 6);
  auto ledger = Connect(new_server, "qm_ledger", target);
  EXPECT_EQ(Follow(*ledger, 2), (std::vector<int32_t>{3, 4}));
  EXPECT_EQ(Follow(*ledger, 100), (std::vector<int32_t>{5, 6}));
  WriteChange(*ingest, 7);
  EXPECT_EQ(Follow(*ledger, 100), std::vector<int32_t>{7});
  EXPECT_EQ(Follow(*ledger, 100), std::vector<int32_t>{});
}

}  // namespace
}  // namespace quartermaster::db
