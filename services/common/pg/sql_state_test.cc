#include <gtest/gtest.h>

#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/pool.h"

namespace quartermaster::pg {
namespace {

struct Case {
  const char* sql_state;
  const char* id;
  absl::StatusCode code;
  bool retryable;
};

TEST(SqlStateTest, EveryStateHasOneMeaning) {
  constexpr absl::StatusCode kUnavailable = absl::StatusCode::kUnavailable;
  const Case cases[] = {
      {"", "pg.unavailable", kUnavailable, true},
      {"08006", "pg.unavailable", kUnavailable, true},
      {"57P01", "pg.unavailable", kUnavailable, true},
      {"57P03", "pg.unavailable", kUnavailable, true},
      {"25006", "pg.read_only", kUnavailable, true},
      {"40001", "pg.serialization_conflict", absl::StatusCode::kAborted, true},
      {"40P01", "pg.serialization_conflict", absl::StatusCode::kAborted, true},
      {"57014", "pg.statement_timeout", absl::StatusCode::kDeadlineExceeded, true},
      {"53100", "pg.out_of_resources", absl::StatusCode::kResourceExhausted, true},
      {"23505", "pg.already_exists", absl::StatusCode::kAlreadyExists, false},
      {"23503", "pg.constraint_violated", absl::StatusCode::kFailedPrecondition, false},
      {"42501", "pg.statement_failed", absl::StatusCode::kInternal, false},
      {"57000", "pg.statement_failed", absl::StatusCode::kInternal, false},
  };
  for (const Case& expected : cases) {
    const absl::Status status = StatusFromSqlState(expected.sql_state, "why");
    EXPECT_EQ(errors::ErrorId(status), expected.id) << expected.sql_state;
    EXPECT_EQ(status.code(), expected.code) << expected.sql_state;
    EXPECT_EQ(errors::IsRetryable(status), expected.retryable) << expected.sql_state;
    EXPECT_EQ(SqlStateOf(status), expected.sql_state);
  }
}

TEST(SqlStateTest, TheMessageKeepsTheServersWordsAndItsState) {
  EXPECT_EQ(StatusFromSqlState("23505", "ERROR:  duplicate key\n").message(),
            "SQLSTATE 23505: ERROR:  duplicate key");
  EXPECT_EQ(StatusFromSqlState("", "server closed the connection\n").message(),
            "server closed the connection");
}

TEST(SqlStateTest, AnInDoubtCommitIsKnownAsSuch) {
  EXPECT_TRUE(IsCommitInDoubt(CommitInDoubt("gone")));
  EXPECT_FALSE(IsCommitInDoubt(Unavailable("gone")));
  EXPECT_FALSE(IsCommitInDoubt(absl::OkStatus()));
}

}  // namespace
}  // namespace quartermaster::pg
