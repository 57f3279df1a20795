#include "services/common/pg/change_feed.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

class ChangeFeedTest : public ::testing::Test {
 protected:
  std::unique_ptr<RawConnection> Connect(std::string_view role) {
    auto connection = RawConnection::Connect(testing::OptionsFor(role, database_));
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }

  // One change of Smart Account 1 with this count, in the open transaction.
  static void Write(RawConnection& writer, int32_t count) {
    static constexpr char kSql[] =
        "INSERT INTO ingest_changes (smart_account_id, incarnation, received_at, report_count,"
        " digest_bytes) VALUES (1, $1, $2, $3, 10 * $3)";
    const auto incarnation = CurrentIncarnation(writer);
    ASSERT_TRUE(incarnation.ok()) << incarnation.status();
    Params params;
    params.Add(*incarnation);
    params.Add(kNow);
    params.Add(count);
    const auto written = writer.Execute(kSql, params);
    ASSERT_TRUE(written.ok()) << written.status();
  }
  static void WriteAndCommit(RawConnection& writer, int32_t count) {
    ASSERT_TRUE(writer.Begin().ok());
    Write(writer, count);
    ASSERT_TRUE(writer.Commit().ok());
  }

  std::vector<int32_t> Read(RawConnection& reader, FeedPosition& position, int32_t limit = 1000) {
    auto changes = ReadChanges(reader, kIngestFeed, position, limit);
    EXPECT_TRUE(changes.ok()) << changes.status();
    std::vector<int32_t> counts;
    for (const Change& change : *changes) {
      EXPECT_GT(change.position, position) << "not in feed order";
      position = change.position;
      counts.push_back(change.count);
    }
    return counts;
  }

  // What Migrate does when the data was restored into another server.
  void BeginNewIncarnation() {
    auto owner = Connect("qm_owner");
    ASSERT_TRUE(owner
                    ->Run("INSERT INTO database_incarnations (incarnation, system_identifier)"
                          " SELECT max(incarnation) + 1, 4711 FROM database_incarnations")
                    .ok());
  }

  using Counts = std::vector<int32_t>;
  const std::string database_ = testing::NewDatabase();
};

TEST_F(ChangeFeedTest, CommittedChangesComeInOrderWithTheirFields) {
  auto writer = Connect("qm_ingest");
  auto reader = Connect("qm_ledger");
  WriteAndCommit(*writer, 10);
  WriteAndCommit(*writer, 20);
  const auto changes = ReadChanges(*reader, kIngestFeed, FeedPosition{}, 10);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->size(), 2);
  EXPECT_EQ(changes->at(0).smart_account_id, 1);
  EXPECT_EQ(changes->at(0).position.incarnation, 1);
  EXPECT_EQ(changes->at(0).at, kNow);
  EXPECT_EQ(changes->at(0).count, 10);
  EXPECT_EQ(changes->at(1).count, 20);
  EXPECT_LT(changes->at(0).position, changes->at(1).position);
}

TEST_F(ChangeFeedTest, ATransactionThatCommitsLateIsNotSkipped) {
  auto slow = Connect("qm_ingest");
  auto fast = Connect("qm_ingest");
  auto reader = Connect("qm_ledger");
  FeedPosition position;
  ASSERT_TRUE(slow->Begin().ok());
  Write(*slow, 1);
  WriteAndCommit(*fast, 2);
  // The fast one is committed, but a reader that took it now would have passed the slow one.
  EXPECT_EQ(Read(*reader, position), Counts{});
  ASSERT_TRUE(slow->Commit().ok());
  EXPECT_EQ(Read(*reader, position), (Counts{1, 2}));
}

TEST_F(ChangeFeedTest, ARolledBackTransactionHoldsNothingUp) {
  auto slow = Connect("qm_ingest");
  auto fast = Connect("qm_ingest");
  auto reader = Connect("qm_ledger");
  FeedPosition position;
  ASSERT_TRUE(slow->Begin().ok());
  Write(*slow, 1);
  WriteAndCommit(*fast, 2);
  slow->Rollback();
  EXPECT_EQ(Read(*reader, position), Counts{2});
}

TEST_F(ChangeFeedTest, WhatStandsBeforeAnOpenTransactionIsReadAtOnce) {
  auto slow = Connect("qm_ingest");
  auto fast = Connect("qm_ingest");
  auto reader = Connect("qm_ledger");
  FeedPosition position;
  WriteAndCommit(*fast, 1);
  ASSERT_TRUE(slow->Begin().ok());
  Write(*slow, 2);
  EXPECT_EQ(Read(*reader, position), Counts{1});
  ASSERT_TRUE(slow->Commit().ok());
  EXPECT_EQ(Read(*reader, position), Counts{2});
}

TEST_F(ChangeFeedTest, ALimitCutsInsideATransactionAndTheNextReadGoesOn) {
  auto writer = Connect("qm_ingest");
  auto reader = Connect("qm_ledger");
  ASSERT_TRUE(writer->Begin().ok());
  for (int32_t count = 1; count <= 5; ++count) Write(*writer, count);
  ASSERT_TRUE(writer->Commit().ok());
  FeedPosition position;
  EXPECT_EQ(Read(*reader, position, 2), (Counts{1, 2}));
  EXPECT_EQ(Read(*reader, position, 2), (Counts{3, 4}));
  EXPECT_EQ(Read(*reader, position, 2), Counts{5});
}

TEST_F(ChangeFeedTest, ANewIncarnationMakesAllOlderChangesVisible) {
  // In the server that the data was restored into, transaction ids are far behind.
  auto admin = Connect("qm_admin");
  ASSERT_TRUE(admin
                  ->Run("INSERT INTO ingest_changes"
                        " (smart_account_id, incarnation, xid, received_at, report_count, digest_bytes)"
                        " VALUES (1, 1, '1000000000000', '2024-01-01', 1, 10),"
                        "        (1, 1, '1000000000001', '2024-01-01', 2, 20)")
                  .ok());
  auto reader = Connect("qm_ledger");
  FeedPosition position;
  EXPECT_EQ(Read(*reader, position), Counts{}) << "in the same incarnation they are in the future";
  BeginNewIncarnation();
  EXPECT_EQ(Read(*reader, position), (Counts{1, 2}));
  // New changes have lower transaction ids but come after.
  auto writer = Connect("qm_ingest");
  WriteAndCommit(*writer, 3);
  EXPECT_EQ(Read(*reader, position), Counts{3});
  EXPECT_EQ(position.incarnation, 2);
}

TEST_F(ChangeFeedTest, ManyWritersAndARestlessReaderLoseAndRepeatNothing) {
  constexpr int kWriters = 4;
  constexpr int kChangesEach = 60;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w] {
      auto writer = Connect("qm_ingest");
      std::mt19937 random(w);
      for (int i = 0; i < kChangesEach; ++i) {
        ASSERT_TRUE(writer->Begin().ok());
        Write(*writer, w * kChangesEach + i);
        absl::SleepFor(absl::Milliseconds(random() % 5));
        if (random() % 8 == 0) {
          writer->Rollback();
          --i;
        } else {
          ASSERT_TRUE(writer->Commit().ok());
        }
      }
    });
  }
  auto reader = Connect("qm_ledger");
  FeedPosition position;
  std::multiset<int32_t> seen;
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (seen.size() < kWriters * kChangesEach && absl::Now() < deadline) {
    for (const int32_t count : Read(*reader, position, 7)) seen.insert(count);
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Read(*reader, position), Counts{});
  for (int i = 0; i < kWriters * kChangesEach; ++i) EXPECT_EQ(seen.count(i), 1) << i;
}

TEST_F(ChangeFeedTest, TheReadIsAnIndexRangeHoweverLongTheFeed) {
  auto admin = Connect("qm_admin");
  ASSERT_TRUE(admin
                  ->Run("INSERT INTO ingest_changes (smart_account_id, incarnation, xid,"
                        " received_at, report_count, digest_bytes)"
                        " SELECT 1, 1, n::text::xid8, '2024-01-01', 1, 10 FROM generate_series(3, 20000) n;"
                        "ANALYZE ingest_changes")
                  .ok());
  static constexpr char kPrefix[] = "EXPLAIN (FORMAT text) ";
  std::string sql = absl::StrCat(kPrefix, kIngestFeed.select_sql);
  // As it is executed: prepared, with the parameters' types.
  for (const auto& [name, value] :
       {std::pair("$1", "1"), {"$2", "'19000'::xid8"}, {"$3", "0"}, {"$4", "10::bigint"}}) {
    sql.replace(sql.find(name), 2, value);
  }
  const auto plan = admin->Execute(sql.c_str(), Params());
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::string text;
  for (int row = 0; row < plan->rows(); ++row) {
    absl::StrAppend(&text, std::string(plan->Bytes(row, 0)), "\n");
  }
  EXPECT_NE(text.find("Index Scan using ingest_changes_feed"), std::string::npos) << text;
  const size_t condition = text.rfind("Index Cond:");
  ASSERT_NE(condition, std::string::npos) << text;
  const std::string line = text.substr(condition, text.find('\n', condition) - condition);
  EXPECT_NE(line.find("ROW(incarnation, xid, change_id) >"), std::string::npos) << text;
  EXPECT_NE(line.find("ROW(incarnation, xid) <"), std::string::npos) << text;
  EXPECT_EQ(text.find("Sort"), std::string::npos) << text;
}

TEST_F(ChangeFeedTest, EveryFeedCanBeReadByItsFollowers) {
  const FeedPosition start;
  EXPECT_TRUE(ReadChanges(*Connect("qm_ledger"), kIngestFeed, start, 1).ok());
  EXPECT_TRUE(ReadChanges(*Connect("qm_authority"), kIngestFeed, start, 1).ok());
  EXPECT_TRUE(ReadChanges(*Connect("qm_ledger"), kAuthorityFeed, start, 1).ok());
  EXPECT_TRUE(ReadChanges(*Connect("qm_ledger"), kLedgerFeed, start, 1).ok());
}

TEST_F(ChangeFeedTest, ACursorStartsAtTheBeginningAndStaysWhereItWasMoved) {
  auto connection = Connect("qm_ledger");
  ASSERT_TRUE(connection->Begin().ok());
  auto position = LockCursor(*connection, "ledger_cursors", "apply", kNow);
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(*position, FeedPosition{});
  const FeedPosition moved = {2, 1ull << 40, 77};
  ASSERT_TRUE(MoveCursor(*connection, "ledger_cursors", "apply", moved, kNow).ok());
  ASSERT_TRUE(connection->Commit().ok());

  ASSERT_TRUE(connection->Begin().ok());
  position = LockCursor(*connection, "ledger_cursors", "apply", kNow);
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(*position, moved);
  EXPECT_EQ(*LockCursor(*connection, "ledger_cursors", "other", kNow), FeedPosition{});
  ASSERT_TRUE(connection->Commit().ok());

  auto authority = Connect("qm_authority");
  EXPECT_EQ(*LockCursor(*authority, "authority_cursors", "apply", kNow), FeedPosition{});
}

TEST_F(ChangeFeedTest, ACursorThatIsNotThereOrNotATableIsRefused) {
  auto connection = Connect("qm_ledger");
  EXPECT_FALSE(MoveCursor(*connection, "ledger_cursors", "nobody", {}, kNow).ok());
  EXPECT_FALSE(LockCursor(*connection, "ledger_cursors; DROP TABLE x", "apply", kNow).ok());
}

TEST_F(ChangeFeedTest, TheCursorIsAFenceBetweenReplicas) {
  const FeedPosition moved = {1, 5, 6};
  auto first = Connect("qm_ledger");
  ASSERT_TRUE(first->Begin().ok());
  ASSERT_TRUE(LockCursor(*first, "ledger_cursors", "apply", kNow).ok());
  ASSERT_TRUE(MoveCursor(*first, "ledger_cursors", "apply", moved, kNow).ok());
  // The first lock made the row, which nobody else sees yet; the second replica waits all the same.
  absl::Time locked_at;
  std::thread second([&] {
    auto connection = Connect("qm_ledger");
    ASSERT_TRUE(connection->Begin().ok());
    const auto position = LockCursor(*connection, "ledger_cursors", "apply", kNow);
    locked_at = absl::Now();
    ASSERT_TRUE(position.ok()) << position.status();
    EXPECT_EQ(*position, moved) << "read before the first one had moved it";
  });
  absl::SleepFor(absl::Milliseconds(200));
  const absl::Time committed_at = absl::Now();
  ASSERT_TRUE(first->Commit().ok());
  second.join();
  EXPECT_GE(locked_at, committed_at);
}

TEST_F(ChangeFeedTest, AListenerWakesUpAtANotice) {
  FeedListener listener(testing::OptionsFor("qm_ledger", database_), kIngestFeed.channel);
  // The first wait returns when it has connected: something may have been there before.
  listener.Wait(absl::Seconds(10));
  auto writer = Connect("qm_ingest");
  std::thread notifier([&] {
    absl::SleepFor(absl::Milliseconds(100));
    EXPECT_TRUE(NotifyFeed(*writer, kIngestFeed).ok());
  });
  const absl::Time start = absl::Now();
  listener.Wait(absl::Seconds(30));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  notifier.join();
}

TEST_F(ChangeFeedTest, AListenerWithoutNoticesSleepsAsLongAsItWasTold) {
  FeedListener listener(testing::OptionsFor("qm_ledger", database_), kIngestFeed.channel);
  listener.Wait(absl::Seconds(10));
  const absl::Time start = absl::Now();
  listener.Wait(absl::Milliseconds(150));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(149));
  // A notice of another feed is none of ours.
  ASSERT_TRUE(NotifyFeed(*Connect("qm_ledger"), kLedgerFeed).ok());
  const absl::Time again = absl::Now();
  listener.Wait(absl::Milliseconds(150));
  EXPECT_GE(absl::Now() - again, absl::Milliseconds(149));
}

TEST_F(ChangeFeedTest, AListenerWithoutADatabaseSleepsAndCanBeInterrupted) {
  Options nowhere;
  nowhere.connection_string = "host=/nonexistent";
  FeedListener listener(nowhere, kIngestFeed.channel);
  const absl::Time start = absl::Now();
  listener.Wait(absl::Milliseconds(150));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(149));
  std::thread interrupter([&] {
    absl::SleepFor(absl::Milliseconds(100));
    listener.Interrupt();
  });
  const absl::Time again = absl::Now();
  listener.Wait(absl::Seconds(30));
  EXPECT_LT(absl::Now() - again, absl::Seconds(10));
  interrupter.join();
}

TEST_F(ChangeFeedTest, AListenerFindsItsWayBackAfterItsSessionWasEnded) {
  FeedListener listener(testing::OptionsFor("qm_ledger", database_), kIngestFeed.channel);
  listener.Wait(absl::Seconds(10));
  testing::SharedPostgres().TerminateSessions(database_);
  auto writer = Connect("qm_ingest");
  // Returns when it has connected again.
  listener.Wait(absl::Seconds(10));
  ASSERT_TRUE(NotifyFeed(*writer, kIngestFeed).ok());
  const absl::Time start = absl::Now();
  listener.Wait(absl::Seconds(30));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

}  // namespace
}  // namespace quartermaster::pg
