#include "services/common/pg/raw_connection.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

constexpr char kInsertDictionary[] =
    "INSERT INTO body_dictionaries (dictionary_id, dictionary) VALUES ($1, $2)";
constexpr char kCountDictionaries[] = "SELECT count(*) FROM body_dictionaries";

Params Dictionary(int32_t id) {
  Params params;
  params.Add(id);
  params.AddBytes("words");
  return params;
}

class RawConnectionTest : public ::testing::Test {
 protected:
  std::unique_ptr<RawConnection> Connect() {
    auto connection = RawConnection::Connect(testing::OptionsFor("qm_ingest", database_));
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }
  int64_t Dictionaries() { return Connect()->Execute(kCountDictionaries, Params())->Int64(0, 0); }

  const std::string database_ = testing::NewDatabase();
  std::unique_ptr<RawConnection> connection_ = Connect();
};

TEST_F(RawConnectionTest, EveryTypeComesBackAsItWent) {
  static constexpr char kSql[] = "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10";
  const absl::Time time = absl::FromUnixMicros(1700000000123456);
  const Uuid uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255};
  Params params;
  params.Add(std::numeric_limits<int16_t>::min());
  params.Add(std::numeric_limits<int32_t>::min());
  params.Add(std::numeric_limits<int64_t>::min());
  params.Add(true);
  params.Add(time);
  params.Add(uuid);
  params.AddText("größer");
  params.AddBytes(std::string_view("\0\xff", 2));
  params.AddXid(uint64_t{1} << 63);
  params.AddNull(20);
  const auto result = connection_->Execute(kSql, params);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows(), 1);
  EXPECT_EQ(result->Int16(0, 0), std::numeric_limits<int16_t>::min());
  EXPECT_EQ(result->Int32(0, 1), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(result->Int64(0, 2), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(result->Bool(0, 3));
  EXPECT_EQ(result->Time(0, 4), time);
  EXPECT_EQ(result->UuidAt(0, 5), uuid);
  EXPECT_EQ(result->Bytes(0, 6), "größer");
  EXPECT_EQ(result->Bytes(0, 7), std::string_view("\0\xff", 2));
  EXPECT_EQ(result->Xid(0, 8), uint64_t{1} << 63);
  EXPECT_TRUE(result->IsNull(0, 9));
  EXPECT_FALSE(result->IsNull(0, 8));
}

TEST_F(RawConnectionTest, TheServerUnderstandsBinaryParametersAsWeMeanThem) {
  static constexpr char kSql[] =
      "SELECT $1 = -7::int2 AND $2 = '2023-11-14 22:13:20.123456+00'::timestamptz"
      " AND $3 = '00010203-0405-0607-0809-0a0b0c0d0eff'::uuid AND $4 = '4294967297'::xid8"
      " AND $5 = '\\x00ff'::bytea AND $6 = '1999-12-31 23:59:59+00'::timestamptz AND NOT $7";
  Params params;
  params.Add(int16_t{-7});
  params.Add(absl::FromUnixMicros(1700000000123456));
  params.Add(Uuid{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255});
  params.AddXid((uint64_t{1} << 32) + 1);
  params.AddBytes(std::string_view("\0\xff", 2));
  params.Add(absl::FromUnixSeconds(946684799));  // before PostgreSQL's epoch
  params.Add(false);
  const auto result = connection_->Execute(kSql, params);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->Bool(0, 0));
}

TEST_F(RawConnectionTest, InfiniteTimesAreInfinityInSql) {
  static constexpr char kSql[] = "SELECT $1 = 'infinity'::timestamptz AND $2 = '-infinity', $1, $2";
  Params params;
  params.Add(absl::InfiniteFuture());
  params.Add(absl::InfinitePast());
  const auto result = connection_->Execute(kSql, params);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->Bool(0, 0));
  EXPECT_EQ(result->Time(0, 1), absl::InfiniteFuture());
  EXPECT_EQ(result->Time(0, 2), absl::InfinitePast());
}

TEST_F(RawConnectionTest, ArraysOfEveryTypeArrive) {
  static constexpr char kSql[] =
      "SELECT $1 = '{1,-2}'::int2[] AND $2 = '{3}'::int4[] AND $3 = '{}'::int8[]"
      " AND $4 = ARRAY['1970-01-01 00:00:00+00'::timestamptz]"
      " AND $5 = ARRAY['00000000-0000-0000-0000-000000000000'::uuid]"
      " AND $6 = ARRAY['', 'a\"b,{c}'] AND $7 = ARRAY['\\x00'::bytea, '']";
  const std::vector<int16_t> small = {1, -2};
  const std::vector<int32_t> medium = {3};
  const std::vector<int64_t> none;
  const std::vector<absl::Time> times = {absl::UnixEpoch()};
  const std::vector<Uuid> uuids = {Uuid{}};
  const std::vector<std::string_view> texts = {"", "a\"b,{c}"};
  const std::vector<std::string_view> bytes = {std::string_view("\0", 1), ""};
  Params params;
  params.AddArray(small);
  params.AddArray(medium);
  params.AddArray(none);
  params.AddArray(times);
  params.AddArray(uuids);
  params.AddTextArray(texts);
  params.AddBytesArray(bytes);
  const auto result = connection_->Execute(kSql, params);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->Bool(0, 0));
}

TEST_F(RawConnectionTest, ReadingAColumnInAnotherTypeEndsTheProcess) {
  const auto result = connection_->Execute(kCountDictionaries, Params());
  ASSERT_TRUE(result.ok());
  EXPECT_DEATH(result->Int32(0, 0), "column 0 \"count\" row 0: got 8 bytes, want int4");
}

TEST_F(RawConnectionTest, AStatementIsPreparedOnce) {
  static constexpr char kPrepared[] = "SELECT count(*) FROM pg_prepared_statements";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(connection_->Execute(kCountDictionaries, Params()).ok());
  }
  EXPECT_EQ(connection_->Execute(kPrepared, Params())->Int64(0, 0), 2);
}

TEST_F(RawConnectionTest, CopiedRowsAreThereAfterCommit) {
  CopyBuffer rows;
  for (int32_t id = 1; id <= 3; ++id) {
    rows.StartRow(3);
    rows.Add(id);
    rows.AddBytes("words");
    rows.Add(absl::UnixEpoch());
  }
  EXPECT_EQ(rows.rows(), 3);
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_
                  ->CopyIn("COPY body_dictionaries (dictionary_id, dictionary, created_at)"
                           " FROM STDIN (FORMAT binary)",
                           rows)
                  .ok());
  EXPECT_EQ(Dictionaries(), 0);
  ASSERT_TRUE(connection_->Commit().ok());
  EXPECT_EQ(Dictionaries(), 3);
  rows.Clear();
  EXPECT_TRUE(rows.empty());
}

TEST_F(RawConnectionTest, CopyCarriesEveryTypeAndNull) {
  ASSERT_TRUE(connection_
                  ->Run("CREATE TEMP TABLE t (a int2, b int4, c int8, d timestamptz, e uuid,"
                        " f xid8, g text, h bytea, i int4)")
                  .ok());
  CopyBuffer rows;
  rows.StartRow(9);
  rows.Add(int16_t{-1});
  rows.Add(int32_t{-2});
  rows.Add(int64_t{-3});
  rows.Add(absl::UnixEpoch());
  rows.Add(Uuid{255});
  rows.AddXid(7);
  rows.AddText("text");
  rows.AddBytes("");
  rows.AddNull();
  const absl::Status copied = connection_->CopyIn("COPY t FROM STDIN (FORMAT binary)", rows);
  ASSERT_TRUE(copied.ok()) << copied;
  static constexpr char kSql[] =
      "SELECT a = -1 AND b = -2 AND c = -3 AND d = '1970-01-01 00:00:00+00'"
      " AND e = 'ff000000-0000-0000-0000-000000000000' AND f = '7' AND g = 'text' AND h = ''"
      " AND i IS NULL FROM t";
  EXPECT_TRUE(connection_->Execute(kSql, Params())->Bool(0, 0));
}

TEST_F(RawConnectionTest, CopyOfManyMegabytesArrives) {
  const std::string words(100'000, 'w');
  CopyBuffer rows;
  for (int32_t id = 1; id <= 100; ++id) {
    rows.StartRow(2);
    rows.Add(id);
    rows.AddBytes(words);
  }
  const absl::Status copied = connection_->CopyIn(
      "COPY body_dictionaries (dictionary_id, dictionary) FROM STDIN (FORMAT binary)", rows);
  ASSERT_TRUE(copied.ok()) << copied;
  static constexpr char kSql[] = "SELECT sum(length(dictionary)) FROM body_dictionaries";
  EXPECT_EQ(connection_->Execute(kSql, Params())->Int64(0, 0), 10'000'000);
}

TEST_F(RawConnectionTest, ACopyThatIsRefusedSaysWhyAndLeavesTheConnectionUsable) {
  CopyBuffer rows;
  for (int i = 0; i < 2; ++i) {
    rows.StartRow(2);
    rows.Add(int32_t{1});
    rows.AddBytes("same key twice");
  }
  const absl::Status copied = connection_->CopyIn(
      "COPY body_dictionaries (dictionary_id, dictionary) FROM STDIN (FORMAT binary)", rows);
  EXPECT_EQ(errors::ErrorId(copied), "pg.already_exists");
  const absl::Status no_copy = connection_->CopyIn("SELECT 1", rows);
  EXPECT_EQ(errors::ErrorId(no_copy), "pg.statement_failed");
  EXPECT_TRUE(connection_->healthy());
  EXPECT_EQ(Dictionaries(), 0);
}

TEST_F(RawConnectionTest, RollbackTakesBackWhatWasWritten) {
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Execute(kInsertDictionary, Dictionary(1)).ok());
  connection_->Rollback();
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Commit().ok());
  EXPECT_EQ(Dictionaries(), 0);
}

TEST_F(RawConnectionTest, CommittingAFailedTransactionIsAnErrorNotASilentRollback) {
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Execute(kInsertDictionary, Dictionary(1)).ok());
  EXPECT_EQ(connection_->Execute(kInsertDictionary, Dictionary(1)).status().code(),
            absl::StatusCode::kAlreadyExists);
  const absl::Status commit = connection_->Commit();
  EXPECT_EQ(errors::ErrorId(commit), "pg.statement_failed");
  EXPECT_FALSE(IsCommitInDoubt(commit));
  EXPECT_EQ(Dictionaries(), 0);
}

TEST_F(RawConnectionTest, AConnectionThatBreaksBeforeCommitIsUnavailableNotInDoubt) {
  ASSERT_TRUE(connection_->Begin().ok());
  testing::SharedPostgres().TerminateSessions(database_);
  const absl::Status status = connection_->Execute(kInsertDictionary, Dictionary(1)).status();
  EXPECT_EQ(errors::ErrorId(status), "pg.unavailable");
  EXPECT_EQ(errors::ErrorId(connection_->Commit()), "pg.unavailable");
  EXPECT_FALSE(connection_->healthy());
}

TEST_F(RawConnectionTest, AConnectionThatBreaksAtCommitIsInDoubt) {
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Execute(kInsertDictionary, Dictionary(1)).ok());
  testing::SharedPostgres().TerminateSessions(database_);
  EXPECT_TRUE(IsCommitInDoubt(connection_->Commit()));
  EXPECT_FALSE(connection_->healthy());
  EXPECT_EQ(Dictionaries(), 0);
}

TEST_F(RawConnectionTest, AKillOfTheServerDuringCommitIsInDoubt) {
  // A deferred trigger keeps COMMIT busy long enough to be killed in it.
  auto admin = RawConnection::Connect(testing::OptionsFor("qm_admin", database_));
  ASSERT_TRUE((*admin)
                  ->Run("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                        " $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;"
                        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON body_dictionaries"
                        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()")
                  .ok());
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Execute(kInsertDictionary, Dictionary(1)).ok());
  std::thread killer([] {
    absl::SleepFor(absl::Milliseconds(200));
    testing::SharedPostgres().Kill();
  });
  const absl::Status status = connection_->Commit();
  killer.join();
  testing::SharedPostgres().Start();
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_EQ(Dictionaries(), 0);
}

TEST_F(RawConnectionTest, ACommitThatTheServerRefusesIsNoDoubt) {
  auto admin = RawConnection::Connect(testing::OptionsFor("qm_admin", database_));
  ASSERT_TRUE((*admin)
                  ->Run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        " $$ BEGIN RAISE unique_violation; END $$;"
                        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON body_dictionaries"
                        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
                  .ok());
  ASSERT_TRUE(connection_->Begin().ok());
  ASSERT_TRUE(connection_->Execute(kInsertDictionary, Dictionary(1)).ok());
  EXPECT_EQ(errors::ErrorId(connection_->Commit()), "pg.already_exists");
  EXPECT_TRUE(connection_->healthy());
}

TEST_F(RawConnectionTest, StatementsOutdatedByAMigrationAskForANewConnection) {
  static constexpr char kSql[] = "SELECT * FROM body_dictionaries";
  ASSERT_TRUE(connection_->Execute(kSql, Params()).ok());
  auto owner = RawConnection::Connect(testing::OptionsFor("qm_owner", database_));
  ASSERT_TRUE((*owner)->Run("ALTER TABLE body_dictionaries ADD COLUMN note text").ok());
  EXPECT_EQ(errors::ErrorId(connection_->Execute(kSql, Params()).status()), "pg.unavailable");
  EXPECT_FALSE(connection_->healthy());
  EXPECT_TRUE(Connect()->Execute(kSql, Params()).ok());
}

TEST_F(RawConnectionTest, AStatementTheRoleMayNotRunIsRefusedByName) {
  const absl::Status status = connection_->Run("INSERT INTO license_substitutions VALUES (1, 2)");
  EXPECT_EQ(SqlStateOf(status), "42501");
}

}  // namespace
}  // namespace quartermaster::pg
