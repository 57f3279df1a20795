// A real PostgreSQL for _pgtests: one throw-away cluster per test binary, started at first use,
// migrated once into a template, and one database per test copied from it. Durable settings as in
// production (fsync on). Nothing remains when the test process ends, however it ends.
//
// A test that finds no PostgreSQL fails: everything here aborts the test binary with a message.
// Use `tags = ["local"]`. Thread-safe.
//
//   const std::string database = testing::NewDatabase();
//   pg::Pool pool(testing::OptionsFor("qm_ledger", database));
#ifndef QUARTERMASTER_SERVICES_COMMON_TESTING_POSTGRES_FIXTURE_H_
#define QUARTERMASTER_SERVICES_COMMON_TESTING_POSTGRES_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "services/common/pg/pool.h"

namespace quartermaster::testing {

// So that `testing::Test` inside namespace quartermaster still means gtest's.
using namespace ::testing;  // NOLINT(google-build-using-namespace)

class PostgresFixture {
 public:
  PostgresFixture();
  ~PostgresFixture();
  PostgresFixture(const PostgresFixture&) = delete;
  PostgresFixture& operator=(const PostgresFixture&) = delete;

  // A new database with the newest schema and no rows but those that migrations insert.
  std::string NewDatabase();
  // A new database without any schema, for tests of the migrations themselves.
  std::string NewEmptyDatabase();

  // `role`: "qm_ingest", "qm_ledger", "qm_authority", "qm_gateway", "qm_owner", or the superuser
  // "qm_admin".
  pg::Options OptionsFor(std::string_view role, const std::string& database);

  // Faults. Kill is SIGKILL to the postmaster, after which nothing answers until Start, which
  // returns when the recovered server answers.
  void Kill();
  void Start();
  // Ends all other sessions of `database`, as pg_terminate_backend does.
  void TerminateSessions(const std::string& database);

 private:
  void EndServer(int signal_number);

  struct State;
  std::unique_ptr<State> state_;
};

// The cluster of this test binary.
PostgresFixture& SharedPostgres();

// Of the shared cluster.
std::string NewDatabase();
pg::Options OptionsFor(std::string_view role, const std::string& database);

}  // namespace quartermaster::testing

#endif  // QUARTERMASTER_SERVICES_COMMON_TESTING_POSTGRES_FIXTURE_H_
