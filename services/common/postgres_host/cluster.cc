#include "services/common/postgres_host/cluster.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/postgres_host/child_process.h"
#include "services/common/postgres_host/postgres_host_errors.h"
#include "services/common/postgres_host/postmaster.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::postgres_host {
namespace {

namespace fs = std::filesystem;

absl::Status Unusable(const std::string& path, std::string_view what) {
  return DataDirectoryUnusable(
      absl::StrCat(path, ": cannot ", std::string(what), ": ", std::strerror(errno)));
}

// Replaces the file in one step, as the server's user, so that a crash leaves the old or the new.
absl::Status WriteFile(const std::string& path, const std::string& text, const OsUser& owner) {
  const std::string fresh = absl::StrCat(path, ".new");
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Unusable(fresh, "make");
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       (owner.uid == geteuid() || fchown(fd, owner.uid, owner.gid) == 0) && fsync(fd) == 0;
  const absl::Status status = written ? absl::OkStatus() : Unusable(fresh, "write");
  close(fd);
  RETURN_IF_ERROR(status);
  if (rename(fresh.c_str(), path.c_str()) != 0) return Unusable(path, "replace");
  return absl::OkStatus();
}

// The server reads ours last, so that nothing in the file that initdb wrote wins over it.
absl::Status IncludeOurSettings(const std::string& cluster_directory, const OsUser& owner) {
  const std::string path = absl::StrCat(cluster_directory, "/postgresql.conf");
  std::ifstream input(path);
  std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  if (text.empty()) return Unusable(path, "read");
  return WriteFile(path, text + "\ninclude 'quartermaster.conf'\n", owner);
}

// Whether the server would start with this setting ("name=value"); asks the program itself.
bool KnowsSetting(const Cluster& cluster, const std::string& setting) {
  const std::string name = setting.substr(0, setting.find('='));
  return RunToEnd({
                      .argv = {absl::StrCat(cluster.binary_directory, "/postgres"), "-D", cluster.directory,
                               "-c", setting, "-C", name},
                      .user = cluster.server_user,
                      .working_directory = cluster.directory,
                      .output_file = cluster.start_log(),
                      .dies_with_parent = true,
                  })
      .ok();
}

absl::Status WriteConfiguration(const Cluster& cluster) {
  const std::string& directory = cluster.directory;
  RETURN_IF_ERROR(WriteFile(absl::StrCat(directory, "/quartermaster.conf"), ConfText(cluster.settings),
                            cluster.server_user));
  RETURN_IF_ERROR(WriteFile(absl::StrCat(directory, "/pg_hba.conf"), HbaText(), cluster.server_user));
  return WriteFile(absl::StrCat(directory, "/pg_ident.conf"), IdentText(cluster.node_user.name),
                   cluster.server_user);
}

void SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

int ClusterMajor(const std::string& cluster_directory) {
  std::ifstream input(absl::StrCat(cluster_directory, "/PG_VERSION"));
  int major = 0;
  return input >> major ? major : 0;
}

// An initdb whose node was killed goes on for a moment, and puts files back that are being removed.
static absl::Status MakeEmptyDirectory(const std::string& path) {
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (true) {
    std::error_code none;
    fs::remove_all(path, none);
    if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
    if (errno != EEXIST || absl::Now() > deadline) return Unusable(path, "make");
    absl::SleepFor(absl::Milliseconds(50));
  }
}

absl::Status InitializeIfAbsent(const Cluster& cluster) {
  std::error_code error;
  if (ClusterMajor(cluster.directory) != 0) return absl::OkStatus();
  if (fs::exists(cluster.directory, error) && !fs::is_empty(cluster.directory, error)) {
    return DataDirectoryUnusable(
        absl::StrCat(cluster.directory, ": got files but no PG_VERSION, want a cluster or nothing"));
  }
  // Made beside and renamed: what is there under its own name is complete.
  const std::string fresh = absl::StrCat(cluster.directory, ".new");
  RETURN_IF_ERROR(MakeEmptyDirectory(fresh));
  if (cluster.server_user.uid != geteuid() &&
      chown(fresh.c_str(), cluster.server_user.uid, cluster.server_user.gid) != 0) {
    return Unusable(fresh, "give away");
  }
  std::vector<std::string> argv = {absl::StrCat(cluster.binary_directory, "/initdb"),
                                   "--pgdata",
                                   fresh,
                                   "--username",
                                   kAdminRole,
                                   "--encoding",
                                   "UTF8",
                                   "--locale",
                                   "C",
                                   "--data-checksums",
                                   "--auth",
                                   "peer"};
  if (cluster.is_throw_away) argv.push_back("--no-sync");
  RETURN_IF_ERROR(RunToEnd({
      .argv = argv,
      .user = cluster.server_user,
      .working_directory = fresh,
      .output_file = cluster.start_log(),
      .dies_with_parent = true,
  }));
  RETURN_IF_ERROR(IncludeOurSettings(fresh, cluster.server_user));
  RETURN_IF_ERROR(WriteFile(absl::StrCat(fresh, "/local.conf"),
                            "# Your own settings; they win over the node's.\n", cluster.server_user));
  if (rename(fresh.c_str(), cluster.directory.c_str()) != 0) return Unusable(fresh, "rename");
  SyncDirectory(cluster.data_directory);
  return absl::OkStatus();
}

absl::Status Configure(Cluster& cluster) {
  // The program reads our file before it answers.
  std::error_code none;
  if (!fs::exists(cluster.directory + "/quartermaster.conf", none)) {
    RETURN_IF_ERROR(WriteConfiguration(cluster));
  }
  if (KnowsSetting(cluster, "wal_compression=lz4")) cluster.settings.wal_compression = "lz4";
  return WriteConfiguration(cluster);
}

bool RemoveStaleLocks(const Cluster& cluster) {
  // A new server recognises left-over processes of an old one by what its pid file says of shared
  // memory, so the file may go only when there are none.
  if (AnyoneWorksIn(cluster.directory)) return true;
  unlink(absl::StrCat(cluster.directory, "/postmaster.pid").c_str());
  unlink(absl::StrCat(cluster.settings.socket_directory, "/.s.PGSQL.5432.lock").c_str());
  return false;
}

std::string Cluster::LastWords() const {
  std::string words = TailOf(start_log());
  std::error_code error;
  fs::path newest;
  fs::file_time_type newest_time = fs::last_write_time(start_log(), error);
  for (const auto& entry : fs::directory_iterator(directory + "/log", error)) {
    const auto time = entry.last_write_time(error);
    if (error || time < newest_time) continue;
    newest = entry.path();
    newest_time = time;
  }
  if (!newest.empty()) absl::StrAppend(&words, "\n", newest.string(), ":\n", TailOf(newest, 1000));
  return words;
}

absl::StatusOr<pid_t> StartServer(const Cluster& cluster) {
  return Spawn({
      .argv = {absl::StrCat(cluster.binary_directory, "/postgres"), "-D", cluster.directory},
      .user = cluster.server_user,
      .working_directory = cluster.directory,
      .output_file = cluster.start_log(),
  });
}

}  // namespace quartermaster::postgres_host
