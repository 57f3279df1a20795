#include "services/common/postgres_host/embedded_postgres.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "services/common/postgres_host/binaries.h"
#include "services/common/postgres_host/cluster.h"
#include "services/common/postgres_host/file_lock.h"
#include "services/common/postgres_host/postgres_host_errors.h"
#include "services/common/postgres_host/postmaster.h"
#include "services/common/postgres_host/readiness.h"
#include "services/common/postgres_host/socket_directory.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::postgres_host {
namespace {

namespace fs = std::filesystem;

constexpr char kDatabase[] = "quartermaster";

// The directory, absolute and without links; open for the server's user to pass.
absl::StatusOr<std::string> PrepareDataDirectory(const std::string& given) {
  std::error_code error;
  const bool made = fs::create_directories(given, error);
  const fs::path directory = fs::canonical(given, error);
  if (error) return DataDirectoryUnusable(absl::StrCat(given, ": ", error.message()));
  struct stat info;
  if (stat(directory.c_str(), &info) != 0) {
    return DataDirectoryUnusable(absl::StrCat(given, ": ", std::strerror(errno)));
  }
  mode_t mode = made ? 0700 : info.st_mode & 07777;
  // To pass, not to list: run/ and postgres/ below are the server's own.
  if (geteuid() == 0) mode |= S_IXOTH;
  if (mode != (info.st_mode & 07777) && chmod(directory.c_str(), mode) != 0) {
    return DataDirectoryUnusable(absl::StrCat(given, ": ", std::strerror(errno)));
  }
  return directory.string();
}

}  // namespace

struct EmbeddedPostgres::State {
  EmbeddedOptions options;
  Cluster cluster;
  std::atomic<bool> stopping = false;
  absl::Notification wake_supervisor;
  absl::Mutex join_mutex;
  std::thread supervisor ABSL_GUARDED_BY(join_mutex);
  std::atomic<pid_t> pid = 0;
  std::atomic<bool> adopted = false;

  absl::Mutex mutex;
  FileLock use ABSL_GUARDED_BY(mutex);
  bool stopped ABSL_GUARDED_BY(mutex) = false;

  std::string StartLockFile() const { return cluster.data_directory + "/postgres.lock"; }
  std::string UsersFile() const { return cluster.data_directory + "/postgres.users"; }
  void Report(const std::string& event) const {
    if (options.on_event) options.on_event(event);
  }
  std::string ConnectionString(std::string_view role, std::string_view database) const;
  std::string AdminConnectionString() const { return ConnectionString(kAdminRole, "postgres"); }

  absl::Status Prepare();
  // With the start lock held:
  absl::Status BringUp();
  absl::Status AdoptOrStart(bool& left_over);
  absl::Status ShutDown() const;

  absl::Status EnsureRunning();
  absl::Status Stop();
  void Supervise();
};

std::string EmbeddedPostgres::State::ConnectionString(std::string_view role,
                                                      std::string_view database) const {
  // Ours are plain words but for the directory.
  std::string directory;
  for (const char c : cluster.settings.socket_directory) {
    if (c == '\'' || c == '\\') directory += '\\';
    directory += c;
  }
  return absl::StrCat("host='", directory, "' port=5432 dbname=", std::string(database),
                      " user=", std::string(role));
}

absl::Status EmbeddedPostgres::State::Prepare() {
  ASSIGN_OR_RETURN(cluster.data_directory, PrepareDataDirectory(options.data_directory));
  cluster.directory = cluster.data_directory + "/postgres";
  ASSIGN_OR_RETURN(cluster.node_user, UserById(geteuid()));
  cluster.settings.shared_buffers_bytes = options.shared_buffers_bytes;
  cluster.settings.wal_bytes_max = options.wal_bytes_max;
  cluster.settings.connections_max = options.connections_max;
  cluster.is_throw_away = options.is_throw_away;
  ASSIGN_OR_RETURN(FileLock start_lock, FileLock::Exclusive(StartLockFile()));
  // What exists already decides on version and user; nobody makes it while we hold the lock.
  ASSIGN_OR_RETURN(cluster.binary_directory,
                   FindBinaryDirectory(options.binary_directory, ClusterMajor(cluster.directory)));
  ASSIGN_OR_RETURN(cluster.server_user, ServerUser(cluster.directory));
  ASSIGN_OR_RETURN(cluster.settings.socket_directory,
                   MakeSocketDirectory(cluster.data_directory, cluster.server_user));
  absl::MutexLock lock(&mutex);
  ASSIGN_OR_RETURN(use, FileLock::Shared(UsersFile()));
  return BringUp();
}

absl::Status EmbeddedPostgres::State::BringUp() {
  const absl::Time deadline = absl::Now() + options.start_patience;
  for (;;) {
    bool left_over = false;
    RETURN_IF_ERROR(AdoptOrStart(left_over));
    const absl::Status status =
        AwaitReady({pid, cluster.directory, AdminConnectionString()}, deadline, stopping);
    if (status.ok()) break;
    // A server that we found dying, or processes of an old one that were still going, are gone next
    // time; anything else would fail again.
    const bool gone = !IsRunning(pid, cluster.directory);
    if (!gone || !(adopted || left_over) || stopping || absl::Now() >= deadline) {
      return StartFailed(absl::StrCat(std::string(status.message()), ": ", cluster.LastWords()));
    }
    absl::SleepFor(absl::Milliseconds(200));
  }
  RETURN_IF_ERROR(EnsureDatabase(AdminConnectionString()));
  Report(absl::StrCat(adopted ? "adopted" : "started", " PostgreSQL, process ", pid.load(), ", data in ",
                      cluster.directory));
  return absl::OkStatus();
}

absl::Status EmbeddedPostgres::State::AdoptOrStart(bool& left_over) {
  if (const auto running = RunningPostmaster(cluster.directory); running.has_value()) {
    adopted = true;
    pid = running->pid;
    // Where it listens, whatever the rule for new ones says today.
    if (!running->socket_directory.empty() &&
        running->socket_directory != cluster.settings.socket_directory) {
      cluster.settings.socket_directory = running->socket_directory;
    }
    RETURN_IF_ERROR(Configure(cluster));
    // This node may run as another user than the one that started the server.
    kill(pid, SIGHUP);
    return absl::OkStatus();
  }
  adopted = false;
  RETURN_IF_ERROR(InitializeIfAbsent(cluster));
  RETURN_IF_ERROR(Configure(cluster));
  left_over = RemoveStaleLocks(cluster);
  ASSIGN_OR_RETURN(const pid_t started, StartServer(cluster));
  pid = started;
  return absl::OkStatus();
}

absl::Status EmbeddedPostgres::State::EnsureRunning() {
  absl::MutexLock lock(&mutex);
  if (stopped) return StartFailed("postgres: was stopped");
  if (IsRunning(pid, cluster.directory)) return absl::OkStatus();
  Report("PostgreSQL is gone, starting it again");
  ASSIGN_OR_RETURN(FileLock start_lock, FileLock::Exclusive(StartLockFile()));
  return BringUp();
}

void EmbeddedPostgres::State::Supervise() {
  std::string last_message;
  while (!wake_supervisor.WaitForNotificationWithTimeout(options.supervision_interval)) {
    const absl::Status status = EnsureRunning();
    // The same trouble is said once, not twice a second.
    if (!status.ok() && !stopping && status.message() != last_message) {
      Report(absl::StrCat("could not start PostgreSQL again: ", std::string(status.message())));
    }
    last_message = std::string(status.message());
  }
}

absl::Status EmbeddedPostgres::State::ShutDown() const {
  const auto running = RunningPostmaster(cluster.directory);
  if (!running.has_value()) return absl::OkStatus();
  const pid_t server = running->pid;
  kill(server, SIGINT);  // fast shutdown: ends sessions, writes a checkpoint
  if (AwaitExit(server, cluster.directory, options.stop_patience)) return absl::OkStatus();
  kill(server, SIGQUIT);  // immediate shutdown: the next start recovers
  if (AwaitExit(server, cluster.directory, absl::Seconds(10))) return absl::OkStatus();
  return StopFailed(absl::StrCat("postgres, process ", server, ": still runs after ",
                                 absl::FormatDuration(options.stop_patience)));
}

absl::Status EmbeddedPostgres::State::Stop() {
  stopping = true;
  {
    absl::MutexLock lock(&join_mutex);
    if (!wake_supervisor.HasBeenNotified()) wake_supervisor.Notify();
    if (supervisor.joinable()) supervisor.join();
  }
  absl::MutexLock lock(&mutex);
  // Not begun, or done.
  if (stopped || !use.held()) return absl::OkStatus();
  stopped = true;
  ASSIGN_OR_RETURN(FileLock start_lock, FileLock::Exclusive(StartLockFile()));
  absl::Status status;
  if (use.TryUpgrade()) {
    status = ShutDown();
  } else {
    Report("left PostgreSQL running for another process");
  }
  use.Release();
  return status;
}

EmbeddedPostgres::EmbeddedPostgres(std::unique_ptr<State> state) : state_(std::move(state)) {}

EmbeddedPostgres::~EmbeddedPostgres() {
  if (absl::Status status = Stop(); !status.ok()) state_->Report(std::string(status.message()));
}

absl::StatusOr<std::unique_ptr<EmbeddedPostgres>> EmbeddedPostgres::Start(EmbeddedOptions options) {
  // Not make_unique: the constructor is private. From here on the destructor stops what was begun.
  std::unique_ptr<EmbeddedPostgres> postgres(new EmbeddedPostgres(std::make_unique<State>()));
  State& state = *postgres->state_;
  state.options = std::move(options);
  RETURN_IF_ERROR(state.Prepare());
  if (state.options.supervision_interval > absl::ZeroDuration()) {
    absl::MutexLock lock(&state.join_mutex);
    state.supervisor = std::thread([&state] { state.Supervise(); });
  }
  return postgres;
}

std::string EmbeddedPostgres::ConnectionString(std::string_view role, std::string_view database) const {
  return state_->ConnectionString(role, database);
}

std::string EmbeddedPostgres::OwnerConnectionString() const {
  return ConnectionString(kAdminRole, kDatabase);
}

absl::Status EmbeddedPostgres::EnsureRunning() { return state_->EnsureRunning(); }
absl::Status EmbeddedPostgres::Stop() { return state_->Stop(); }
bool EmbeddedPostgres::adopted() const { return state_->adopted; }
pid_t EmbeddedPostgres::pid() const { return state_->pid; }
const std::string& EmbeddedPostgres::cluster_directory() const { return state_->cluster.directory; }

}  // namespace quartermaster::postgres_host
