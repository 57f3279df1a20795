#include "services/common/testing/postgres_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "db/migrator.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/postgres_host/embedded_postgres.h"
#include "services/common/postgres_host/postmaster.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::testing {
namespace {

constexpr char kTemplate[] = "qm_template";

[[noreturn]] void Die(std::string_view what, std::string_view why) {
  std::fprintf(stderr, "PostgresFixture: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(why.size()), why.data());
  std::abort();
}

void DieUnlessOk(std::string_view what, const absl::Status& status) {
  if (!status.ok()) Die(what, std::string(status.message()));
}

}  // namespace

struct PostgresFixture::State {
  ScratchDirectory directory;
  std::unique_ptr<postgres_host::EmbeddedPostgres> postgres;
  const pid_t owner = getpid();
  std::atomic<int> next_database = 1;

  pg::Options OptionsFor(std::string_view role, std::string_view database) const;
  void RunAsAdmin(const std::string& sql) const;
  std::string CreateDatabase(std::string_view from_template);
};

pg::Options PostgresFixture::State::OptionsFor(std::string_view role, std::string_view database) const {
  if (role.substr(0, 3) != "qm_") Die("role", absl::StrCat("got ", std::string(role), ", want qm_…"));
  pg::Options options;
  options.connection_string = postgres->ConnectionString(role, database);
  options.application_name = "test";
  return options;
}

void PostgresFixture::State::RunAsAdmin(const std::string& sql) const {
  auto connection = pg::RawConnection::Connect(OptionsFor("qm_admin", "postgres"));
  DieUnlessOk("connect", connection.status());
  DieUnlessOk(sql, (*connection)->Run(sql.c_str()));
}

std::string PostgresFixture::State::CreateDatabase(std::string_view from_template) {
  const std::string name = absl::StrCat("qm_test_", next_database++);
  RunAsAdmin(absl::StrCat("CREATE DATABASE ", name, " TEMPLATE ", std::string(from_template)));
  return name;
}

PostgresFixture::PostgresFixture() : state_(std::make_unique<State>()) {
  State& state = *state_;
  postgres_host::EmbeddedOptions options;
  options.data_directory = state.directory.path();
  options.is_throw_away = true;
  // Faults are the test's to make and to end.
  options.supervision_interval = absl::ZeroDuration();
  auto postgres = postgres_host::EmbeddedPostgres::Start(options);
  DieUnlessOk("start", postgres.status());
  state.postgres = *std::move(postgres);
  state.RunAsAdmin(absl::StrCat("CREATE DATABASE ", kTemplate));
  DieUnlessOk("migrate", db::Migrate(state.postgres->ConnectionString("qm_admin", kTemplate)).status());
}

PostgresFixture::~PostgresFixture() {
  // A child that was forked from the test and exits is not the end of the test.
  if (getpid() != state_->owner) {
    state_.release();
    return;
  }
  // Nothing here is to be kept: no checkpoint.
  EndServer(SIGQUIT);
  DieUnlessOk("stop", state_->postgres->Stop());
}

std::string PostgresFixture::NewDatabase() { return state_->CreateDatabase(kTemplate); }
std::string PostgresFixture::NewEmptyDatabase() { return state_->CreateDatabase("template1"); }

pg::Options PostgresFixture::OptionsFor(std::string_view role, const std::string& database) {
  return state_->OptionsFor(role, database);
}

void PostgresFixture::EndServer(int signal_number) {
  const pid_t server = state_->postgres->pid();
  kill(server, signal_number);
  // The signal takes its time; nobody shall find it still running.
  waitpid(server, nullptr, 0);
  // The server's sessions outlive it for moments, in which one may still commit.
  while (postgres_host::AnyoneWorksIn(state_->postgres->cluster_directory())) {
    absl::SleepFor(absl::Milliseconds(5));
  }
}

void PostgresFixture::Kill() { EndServer(SIGKILL); }
void PostgresFixture::Start() { DieUnlessOk("start", state_->postgres->EnsureRunning()); }

void PostgresFixture::TerminateSessions(const std::string& database) {
  static constexpr char kSql[] =
      "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1";
  auto connection = pg::RawConnection::Connect(OptionsFor("qm_admin", "postgres"));
  DieUnlessOk("connect", connection.status());
  pg::Params params;
  params.AddText(database);
  DieUnlessOk("terminate", (*connection)->Execute(kSql, params).status());
}

PostgresFixture& SharedPostgres() {
  // Destroyed when the process ends in good order.
  static PostgresFixture shared;
  return shared;
}

std::string NewDatabase() { return SharedPostgres().NewDatabase(); }

pg::Options OptionsFor(std::string_view role, const std::string& database) {
  return SharedPostgres().OptionsFor(role, database);
}

}  // namespace quartermaster::testing
