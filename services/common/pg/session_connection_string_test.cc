#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <postgresql/libpq-fe.h>

#include <map>
#include <string>

#include "services/common/pg/pool.h"

namespace quartermaster::pg {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// As libpq reads it.
std::map<std::string, std::string> Keywords(const Options& options) {
  std::map<std::string, std::string> keywords;
  char* error = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(SessionConnectionString(options).c_str(), &error);
  EXPECT_NE(parsed, nullptr) << error;
  for (const PQconninfoOption* option = parsed; option != nullptr && option->keyword; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  PQconninfoFree(parsed);
  return keywords;
}

TEST(SessionConnectionStringTest, SetsWhatEverySessionHas) {
  Options options;
  options.connection_string = "host=/run/db user=qm_ledger";
  options.application_name = "ledger";
  options.statement_timeout = absl::Seconds(7);
  auto keywords = Keywords(options);
  EXPECT_EQ(keywords["host"], "/run/db");
  EXPECT_EQ(keywords["user"], "qm_ledger");
  EXPECT_EQ(keywords["application_name"], "ledger");
  EXPECT_EQ(keywords["target_session_attrs"], "read-write");
  EXPECT_EQ(keywords["connect_timeout"], "2");
  EXPECT_EQ(keywords["client_encoding"], "UTF8");
  EXPECT_THAT(keywords["options"], HasSubstr("-c statement_timeout=7000"));
  EXPECT_THAT(keywords["options"], HasSubstr("-c idle_in_transaction_session_timeout=7000"));
  EXPECT_THAT(keywords["options"], HasSubstr("-c search_path=quartermaster"));
  EXPECT_THAT(keywords["options"], HasSubstr("-c TimeZone=UTC"));
}

TEST(SessionConnectionStringTest, ReadsUrisWithSeveralHosts) {
  Options options;
  options.connection_string = "postgresql://qm_ingest:s%27ecret@db1:5433,db2:5434/books";
  auto keywords = Keywords(options);
  EXPECT_EQ(keywords["host"], "db1,db2");
  EXPECT_EQ(keywords["port"], "5433,5434");
  EXPECT_EQ(keywords["password"], "s'ecret");
  EXPECT_EQ(keywords["dbname"], "books");
}

TEST(SessionConnectionStringTest, KeepsWhatTheAdministratorSaysAboutConnecting) {
  Options options;
  options.connection_string = "connect_timeout=9 target_session_attrs=any options='-c work_mem=8MB'";
  auto keywords = Keywords(options);
  EXPECT_EQ(keywords["connect_timeout"], "9");
  EXPECT_EQ(keywords["target_session_attrs"], "any");
  // Theirs first: what comes later wins.
  EXPECT_THAT(keywords["options"], StartsWith("-c work_mem=8MB -c statement_timeout="));
}

TEST(SessionConnectionStringTest, LeavesWhatItCannotReadForTheConnectionToRefuse) {
  Options options;
  options.connection_string = "host";
  EXPECT_EQ(SessionConnectionString(options), "host");
}

}  // namespace
}  // namespace quartermaster::pg
