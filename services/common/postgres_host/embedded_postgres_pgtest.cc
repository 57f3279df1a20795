#include "services/common/postgres_host/embedded_postgres.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "db/migrator.h"
#include "services/common/errors/error.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/postgres_host/child_process.h"
#include "services/common/postgres_host/server_settings.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using Postgres = std::unique_ptr<EmbeddedPostgres>;

EmbeddedOptions OptionsIn(const std::string& data_directory) {
  EmbeddedOptions options;
  options.data_directory = data_directory;
  options.is_throw_away = true;
  options.supervision_interval = absl::ZeroDuration();
  return options;
}

absl::StatusOr<std::unique_ptr<pg::RawConnection>> ConnectTo(const std::string& connection_string) {
  pg::Options options;
  options.connection_string = connection_string;
  return pg::RawConnection::Connect(options);
}

bool Runs(pid_t pid) {
  waitpid(pid, nullptr, WNOHANG);
  return fs::exists(absl::StrCat("/proc/", pid, "/cmdline")) &&
         fs::exists(absl::StrCat("/proc/", pid, "/exe"));
}

// A node in a process of its own: prints the server's process number and stays until its standard
// input closes, then stops.
int RunNode(const char* data_directory) {
  auto postgres = EmbeddedPostgres::Start(OptionsIn(data_directory));
  if (!postgres.ok()) {
    std::printf("error %s\n", std::string(postgres.status().message()).c_str());
    return 1;
  }
  std::printf("%d\n", (*postgres)->pid());
  std::fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return (*postgres)->Stop().ok() ? 0 : 1;
}

class Node {
 public:
  explicit Node(const std::string& data_directory) {
    int to_child[2];
    int from_child[2];
    EXPECT_EQ(pipe2(to_child, O_CLOEXEC) | pipe2(from_child, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(to_child[0], 0);
      dup2(from_child[1], 1);
      execl("/proc/self/exe", "node", "--node", data_directory.c_str(), nullptr);
      _exit(127);
    }
    close(to_child[0]);
    close(from_child[1]);
    input_ = to_child[1];
    output_ = fdopen(from_child[0], "r");
  }
  ~Node() {
    if (pid_ > 0) Kill();
    close(input_);
    std::fclose(output_);
  }
  // Of its server; waits until it answers.
  pid_t Server() {
    int server = 0;
    EXPECT_EQ(std::fscanf(output_, "%d", &server), 1);
    return server;
  }
  void Kill() {
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  int Stop() {
    close(std::exchange(input_, -1));
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  FILE* output_ = nullptr;
};

class EmbeddedPostgresTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!HasFailure()) return;
    std::printf("at start the server said:\n%s\n", TailOf(data() + "/postgres_start.log").c_str());
    std::error_code none;
    for (const auto& log : fs::directory_iterator(data() + "/postgres/log", none)) {
      std::printf("in its log:\n%s\n", TailOf(log.path(), 10000).c_str());
    }
  }
  Postgres Start(EmbeddedOptions options) {
    auto postgres = EmbeddedPostgres::Start(std::move(options));
    EXPECT_TRUE(postgres.ok()) << postgres.status();
    return postgres.ok() ? *std::move(postgres) : nullptr;
  }
  Postgres Start() { return Start(OptionsIn(data())); }
  const std::string& data() const { return scratch_.path(); }

  static std::string Ask(const EmbeddedPostgres& postgres, const std::string& sql) {
    auto connection = ConnectTo(postgres.ConnectionString(kAdminRole));
    if (!connection.ok()) return connection.status().ToString();
    const std::string text = absl::StrCat("SELECT (", sql, ")::text");
    const auto result = (*connection)->Execute(text.c_str(), pg::Params());
    return result.ok() ? std::string(result->Bytes(0, 0)) : result.status().ToString();
  }
  static void Remember(const EmbeddedPostgres& postgres, const std::string& note) {
    auto connection = ConnectTo(postgres.ConnectionString(kAdminRole));
    ASSERT_TRUE(connection.ok()) << connection.status();
    const std::string sql = absl::StrCat(
        "CREATE TABLE IF NOT EXISTS public.notes (note text);"
        "INSERT INTO public.notes VALUES ('",
        note, "')");
    ASSERT_TRUE((*connection)->Run(sql.c_str()).ok());
  }
  static std::string Notes(const EmbeddedPostgres& postgres) {
    return Ask(postgres, "SELECT string_agg(note, ',') FROM public.notes");
  }

  testing::ScratchDirectory scratch_;
};

TEST_F(EmbeddedPostgresTest, AFreshOneIsDurableChecksummedAndDeafToTcp) {
  const Postgres postgres = Start();
  EXPECT_FALSE(postgres->adopted());
  const std::map<std::string, std::string> want = {
      {"listen_addresses", ""},
      {"fsync", "on"},
      {"full_page_writes", "on"},
      {"synchronous_commit", "on"},
      {"data_checksums", "on"},
      {"server_encoding", "UTF8"},
      {"lc_collate", "C"},
      {"jit", "off"},
      {"shared_buffers", "128MB"},
      {"max_wal_size", "2GB"},
      {"checkpoint_timeout", "15min"},
      {"max_connections", "100"},
      {"TimeZone", "UTC"},
  };
  for (const auto& [name, value] : want) {
    EXPECT_EQ(Ask(*postgres, absl::StrCat("current_setting('", name, "')")), value) << name;
  }
  EXPECT_EQ(Ask(*postgres, "SELECT count(*) FROM pg_hba_file_rules"), "1");
  // The cheapest that this build of the server has.
  EXPECT_EQ(Ask(*postgres,
                "SELECT setting = CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz'"
                " END FROM pg_settings WHERE name = 'wal_compression'"),
            "true");
}

TEST_F(EmbeddedPostgresTest, AfterMigratingEveryRoleComesInAndOnlyOurs) {
  const Postgres postgres = Start();
  const auto migrated = db::Migrate(postgres->OwnerConnectionString());
  ASSERT_TRUE(migrated.ok()) << migrated.status();
  for (const std::string& role : MappedRoles()) {
    const auto connection = ConnectTo(postgres->ConnectionString(role));
    EXPECT_TRUE(connection.ok()) << role << ": " << connection.status();
  }
  ASSERT_TRUE((*ConnectTo(postgres->OwnerConnectionString()))->Run("CREATE ROLE other LOGIN").ok());
  const absl::Status other = ConnectTo(postgres->ConnectionString("other")).status();
  EXPECT_THAT(std::string(other.message()), HasSubstr("Peer authentication failed"));
}

TEST_F(EmbeddedPostgresTest, AnotherUserOfTheMachineDoesNotComeIn) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can try to come in as another user";
  const Postgres postgres = Start();
  for (const char* name : {"nobody", "postgres"}) {
    const Command psql = {.argv = {"/usr/bin/psql", "-c", "SELECT 1", postgres->ConnectionString("qm_admin")},
                          .user = *UserByName(name),
                          .working_directory = "/",
                          .output_file = data() + "/psql.log"};
    EXPECT_FALSE(RunToEnd(psql).ok()) << name;
    // nobody does not even reach the socket; the server's own user does, and is not mapped.
    EXPECT_THAT(
        TailOf(psql.output_file),
        HasSubstr(std::strcmp(name, "nobody") == 0 ? "Permission denied" : "Peer authentication failed"));
  }
}

TEST_F(EmbeddedPostgresTest, WhatWasCommittedIsThereAfterStopAndStart) {
  pid_t first = 0;
  {
    const Postgres postgres = Start();
    first = postgres->pid();
    Remember(*postgres, "kept");
    EXPECT_TRUE(postgres->Stop().ok());
    EXPECT_FALSE(Runs(first));
    EXPECT_TRUE(postgres->Stop().ok()) << "a second time";
    EXPECT_FALSE(postgres->EnsureRunning().ok()) << "it was stopped on purpose";
    EXPECT_FALSE(Runs(first));
  }
  const Postgres postgres = Start();
  EXPECT_FALSE(postgres->adopted());
  EXPECT_EQ(Notes(*postgres), "kept");
}

TEST_F(EmbeddedPostgresTest, StopEndsSessionsThatAreInTheMiddleOfSomething) {
  const Postgres postgres = Start();
  auto busy = ConnectTo(postgres->ConnectionString(kAdminRole));
  ASSERT_TRUE((*busy)->Begin().ok());
  const absl::Time start = absl::Now();
  EXPECT_TRUE(postgres->Stop().ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(30));
  EXPECT_TRUE(absl::IsUnavailable((*busy)->Run("SELECT 1")));
}

TEST_F(EmbeddedPostgresTest, TheServerOutlivesItsKilledNodeAndIsAdopted) {
  pid_t server = 0;
  {
    Node node(data());
    server = node.Server();
    ASSERT_TRUE(Runs(server));
    node.Kill();
  }
  EXPECT_TRUE(Runs(server));
  const std::string conf = data() + "/postgres/quartermaster.conf";
  const std::string conf_before = TailOf(conf, 100'000);
  const Postgres postgres = Start();
  EXPECT_TRUE(postgres->adopted());
  EXPECT_EQ(TailOf(conf, 100'000), conf_before);
  EXPECT_EQ(postgres->pid(), server);
  Remember(*postgres, "after adoption");
  EXPECT_EQ(Notes(*postgres), "after adoption");
  EXPECT_TRUE(postgres->Stop().ok());
  EXPECT_FALSE(Runs(server));
}

TEST_F(EmbeddedPostgresTest, TheServerHearsNoSignalsOfTheNodesTerminal) {
  Node node(data());
  const pid_t server = node.Server();
  EXPECT_EQ(getsid(server), server);
  EXPECT_EQ(getpgid(server), server);
}

TEST_F(EmbeddedPostgresTest, AKilledServerIsStartedAgainWithoutHelp) {
  absl::Mutex mutex;
  std::vector<std::string> events;
  EmbeddedOptions options = OptionsIn(data());
  options.supervision_interval = absl::Milliseconds(50);
  options.on_event = [&](std::string_view event) {
    absl::MutexLock lock(&mutex);
    events.emplace_back(event);
  };
  const Postgres postgres = Start(options);
  Remember(*postgres, "kept");
  const pid_t first = postgres->pid();
  for (int round = 0; round < 3; ++round) {
    const pid_t before = postgres->pid();
    kill(before, SIGKILL);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while ((postgres->pid() == before || !ConnectTo(postgres->ConnectionString(kAdminRole)).ok()) &&
           absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(50));
    }
    EXPECT_EQ(Notes(*postgres), "kept");
  }
  EXPECT_NE(postgres->pid(), first);
  EXPECT_FALSE(fs::exists(absl::StrCat("/proc/", first))) << "left as a zombie";
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(events, ::testing::Contains("PostgreSQL is gone, starting it again").Times(3));
}

TEST_F(EmbeddedPostgresTest, AKilledServerAndAKilledNodeComeBackTogether) {
  {
    Node node(data());
    const pid_t server = node.Server();
    kill(server, SIGKILL);
    node.Kill();
  }
  const Postgres postgres = Start();
  EXPECT_FALSE(postgres->adopted());
  EXPECT_EQ(Ask(*postgres, "SELECT 1"), "1");
}

TEST_F(EmbeddedPostgresTest, ANodeKilledAtAnyMomentOfItsStartLeavesAGoodWayOn) {
  for (const int delay_ms : {0, 50, 200, 500, 900, 1300, 1800}) {
    Node node(data());
    absl::SleepFor(absl::Milliseconds(delay_ms));
    node.Kill();
  }
  const Postgres postgres = Start();
  EXPECT_EQ(Ask(*postgres, "SELECT 1"), "1");
}

TEST_F(EmbeddedPostgresTest, NodesThatStartAtOnceShareOneServerAndTheLastStopsIt) {
  Node one(data());
  Node two(data());
  Node three(data());
  const pid_t server = one.Server();
  EXPECT_EQ(two.Server(), server);
  EXPECT_EQ(three.Server(), server);
  EXPECT_EQ(one.Stop(), 0);
  EXPECT_TRUE(Runs(server));
  two.Kill();
  EXPECT_TRUE(Runs(server));
  EXPECT_EQ(three.Stop(), 0);
  EXPECT_FALSE(Runs(server)) << "a killed node holds nothing";
}

TEST_F(EmbeddedPostgresTest, ThreadsThatStartAtOnceShareOneServer) {
  Postgres postgres[3];
  std::vector<std::thread> threads;
  for (Postgres& one : postgres) threads.emplace_back([&] { one = Start(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(postgres[0]->pid(), postgres[1]->pid());
  EXPECT_EQ(postgres[0]->pid(), postgres[2]->pid());
  EXPECT_EQ(postgres[0]->adopted() + postgres[1]->adopted() + postgres[2]->adopted(), 2);
}

TEST_F(EmbeddedPostgresTest, ADataDirectoryWithALongPathHasItsSocketElsewhere) {
  // The server's user, who may be another one, has to pass.
  fs::permissions(data(), fs::perms::others_exec, fs::perm_options::add);
  const std::string deep = data() + "/" + std::string(120, 'd');
  std::string connection_string;
  {
    const Postgres postgres = Start(OptionsIn(deep));
    connection_string = postgres->ConnectionString(kAdminRole);
    Remember(*postgres, "deep");
  }
  const Postgres postgres = Start(OptionsIn(deep));
  EXPECT_EQ(postgres->ConnectionString(kAdminRole), connection_string) << "remembered";
  EXPECT_EQ(Notes(*postgres), "deep");
  std::ifstream record(deep + "/postgres.socket_directory");
  std::string directory;
  std::getline(record, directory);
  EXPECT_TRUE(postgres->Stop().ok());
  fs::remove_all(directory);
}

TEST_F(EmbeddedPostgresTest, AnInterruptedInitialisationIsDoneAgain) {
  fs::create_directories(data() + "/postgres.new/base");
  std::ofstream(data() + "/postgres.new/PG_VERSION") << "15\n";
  EXPECT_EQ(Ask(*Start(), "SELECT 1"), "1");
  EXPECT_FALSE(fs::exists(data() + "/postgres.new"));
}

TEST_F(EmbeddedPostgresTest, ADirectoryWithSomethingElseInItIsLeftAlone) {
  fs::create_directories(data() + "/postgres");
  std::ofstream(data() + "/postgres/holiday.jpg") << "x";
  const absl::Status status = EmbeddedPostgres::Start(OptionsIn(data())).status();
  EXPECT_EQ(errors::ErrorId(status), "postgres_host.data_directory_unusable");
  EXPECT_TRUE(fs::exists(data() + "/postgres/holiday.jpg"));
}

TEST_F(EmbeddedPostgresTest, AnOldPidFileWhoseNumberIsTakenDoesNotKeepItFromStarting) {
  OsUser server_user;
  {
    const Postgres postgres = Start();
    Remember(*postgres, "kept");
    struct stat info;
    ASSERT_EQ(stat(postgres->cluster_directory().c_str(), &info), 0);
    server_user = *UserById(info.st_uid);
  }
  const auto stranger = Spawn({.argv = {"/bin/sleep", "300"},
                               .user = server_user,
                               .working_directory = "/",
                               .output_file = data() + "/sleep.log"});
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  const std::string pid_file = data() + "/postgres/postmaster.pid";
  std::ofstream(pid_file) << *stranger << "\n"
                          << data() << "/postgres\n1700000000\n5432\n"
                          << data() << "/run\n\n 1234 0\nready   \n";
  ASSERT_EQ(chown(pid_file.c_str(), server_user.uid, server_user.gid), 0);
  const Postgres postgres = Start();
  EXPECT_FALSE(postgres->adopted());
  EXPECT_EQ(Notes(*postgres), "kept");
  EXPECT_TRUE(Runs(*stranger));
  kill(*stranger, SIGKILL);
  waitpid(*stranger, nullptr, 0);
}

TEST_F(EmbeddedPostgresTest, TheOperatorsSettingsWin) {
  const Postgres first = Start();
  EXPECT_TRUE(first->Stop().ok());
  const std::string local = data() + "/postgres/local.conf";
  std::ofstream(local) << "work_mem = 9MB\n";
  EXPECT_EQ(Ask(*Start(), "current_setting('work_mem')"), "9MB");
}

TEST_F(EmbeddedPostgresTest, ASettingThatTheServerRefusesIsReportedAtOnceWithItsWords) {
  const Postgres first = Start();
  EXPECT_TRUE(first->Stop().ok());
  const std::string local = data() + "/postgres/local.conf";
  std::ofstream(local) << "no_such_setting = 1\n";
  const absl::Time start = absl::Now();
  const absl::Status status = EmbeddedPostgres::Start(OptionsIn(data())).status();
  EXPECT_EQ(errors::ErrorId(status), "postgres_host.start_failed");
  EXPECT_THAT(std::string(status.message()), HasSubstr("no_such_setting"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(30));
}

TEST_F(EmbeddedPostgresTest, ADirectoryThatTheServersUserCannotReachIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "the server runs as the node's own user";
  fs::permissions(data(), fs::perms::others_exec, fs::perm_options::add);
  const std::string closed = data() + "/closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::owner_all);
  const absl::Status status = EmbeddedPostgres::Start(OptionsIn(closed + "/data")).status();
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr(absl::StrCat("in ", closed, "/data/postgres.new: enter directory: Permission denied")));
}

TEST_F(EmbeddedPostgresTest, WithoutPostgresTheErrorSaysWhatIsWanted) {
  EmbeddedOptions options = OptionsIn(data());
  options.binary_directory = "/nonexistent";
  EXPECT_EQ(errors::ErrorId(EmbeddedPostgres::Start(options).status()), "postgres_host.binaries_not_found");
}

}  // namespace
}  // namespace quartermaster::postgres_host

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--node") == 0) {
    return quartermaster::postgres_host::RunNode(argv[2]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
