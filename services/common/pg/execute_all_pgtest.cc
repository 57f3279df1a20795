#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::pg {
namespace {

constexpr char kBegin[] = "BEGIN";
constexpr char kInsert[] =
    "INSERT INTO body_dictionaries (dictionary_id, dictionary) VALUES ($1, $2)"
    " RETURNING dictionary_id";
constexpr char kCount[] = "SELECT count(*) FROM body_dictionaries";
constexpr char kEndMySession[] = "SELECT pg_terminate_backend(pg_backend_pid())";

Params Dictionary(int32_t id) {
  Params params;
  params.Add(id);
  params.AddBytes("bytes");
  return params;
}

class ExecuteAllTest : public testing::Test {
 protected:
  std::unique_ptr<RawConnection> Connect() {
    return RawConnection::Connect(testing::OptionsFor("qm_ingest", database_)).value();
  }
  int64_t Count() { return Connect()->Execute(kCount, none_).value().Int64(0, 0); }

  const std::string database_ = testing::NewDatabase();
  const Params none_;
  const Params one_ = Dictionary(1);
  const Params two_ = Dictionary(2);
};

TEST_F(ExecuteAllTest, AnswersEveryStatementInOrderAndCommits) {
  auto connection = Connect();
  const RawConnection::Statement statements[] = {
      {kBegin, &none_}, {kInsert, &one_}, {kInsert, &two_}, {kCount, &none_}};
  const auto results = connection->ExecuteAll(statements, RawConnection::Then::kCommit);
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 4u);
  EXPECT_EQ((*results)[1].Int32(0, 0), 1);
  EXPECT_EQ((*results)[2].Int32(0, 0), 2);
  EXPECT_EQ((*results)[3].Int64(0, 0), 2);
  EXPECT_EQ(Count(), 2);
  // The connection goes on as before.
  EXPECT_EQ(connection->Execute(kCount, none_).value().Int64(0, 0), 2);
}

TEST_F(ExecuteAllTest, StaysInTheTransactionUntilItIsCommitted) {
  auto connection = Connect();
  const RawConnection::Statement statements[] = {{kBegin, &none_}, {kInsert, &one_}};
  ASSERT_TRUE(connection->ExecuteAll(statements).ok());
  EXPECT_EQ(Count(), 0);
  ASSERT_TRUE(connection->ExecuteAll({}, RawConnection::Then::kCommit).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(ExecuteAllTest, TheFirstFailureIsTheAnswerAndNothingIsCommitted) {
  auto connection = Connect();
  const RawConnection::Statement statements[] = {
      {kBegin, &none_}, {kInsert, &one_}, {kInsert, &one_}, {kInsert, &two_}};
  const absl::Status status = connection->ExecuteAll(statements, RawConnection::Then::kCommit).status();
  EXPECT_EQ(errors::ErrorId(status), "pg.already_exists");
  EXPECT_TRUE(connection->healthy());
  connection->Rollback();
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(connection->ExecuteAll(std::vector<RawConnection::Statement>{{kInsert, &one_}}).ok());
}

TEST_F(ExecuteAllTest, ATransactionThatHadFailedIsNotCommitted) {
  auto connection = Connect();
  ASSERT_TRUE(connection->Begin().ok());
  ASSERT_TRUE(connection->Execute(kInsert, one_).ok());
  ASSERT_FALSE(connection->Execute(kInsert, one_).ok());
  EXPECT_FALSE(connection->ExecuteAll({}, RawConnection::Then::kCommit).ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(ExecuteAllTest, ASessionThatEndsBeforeTheAnswerLeavesTheCommitInDoubt) {
  auto connection = Connect();
  // Known to the session before it is sent with others.
  const RawConnection::Statement statements[] = {{kBegin, &none_}, {kInsert, &one_}, {kEndMySession, &none_}};
  const absl::Status status = connection->ExecuteAll(statements, RawConnection::Then::kCommit).status();
  EXPECT_TRUE(IsCommitInDoubt(status)) << status;
  EXPECT_FALSE(connection->healthy());
  EXPECT_EQ(Count(), 0);
}

}  // namespace
}  // namespace quartermaster::pg
