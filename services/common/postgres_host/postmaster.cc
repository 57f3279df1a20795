#include "services/common/postgres_host/postmaster.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace quartermaster::postgres_host {
namespace {

std::string ReadAll(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
}

// The server works in its data directory. A zombie works nowhere.
bool WorksIn(pid_t pid, const std::string& directory) {
  std::error_code error;
  const auto want = std::filesystem::weakly_canonical(directory, error);
  if (error) return false;
  const auto at_work = std::filesystem::read_symlink(absl::StrCat("/proc/", pid, "/cwd"), error);
  if (!error) return at_work == want;
  // Root without the right to look into other users' processes, as in many containers, may still
  // read their arguments: postgres -D <directory>.
  const std::string arguments = ReadAll(absl::StrCat("/proc/", pid, "/cmdline"));
  return absl::StrContains(
      arguments, absl::StrCat(absl::string_view("\0", 1), want.string(), absl::string_view("\0", 1)));
}

}  // namespace

std::optional<PidFile> ParsePidFile(std::string_view text) {
  // Lines: pid, data directory, start time, port, socket directory, …
  const std::vector<std::string> lines = absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  PidFile file;
  if (lines.size() < 5 || !absl::SimpleAtoi(lines[0], &file.pid) || file.pid <= 1) {
    return std::nullopt;
  }
  file.data_directory = lines[1];
  file.socket_directory = lines[4];
  return file;
}

bool IsRunning(pid_t pid, const std::string& cluster_directory) {
  if (pid <= 1) return false;
  const pid_t reaped = waitpid(pid, nullptr, WNOHANG);
  if (reaped >= 0) return reaped == 0;
  return WorksIn(pid, cluster_directory);
}

std::optional<PidFile> RunningPostmaster(const std::string& cluster_directory) {
  std::optional<PidFile> file = ParsePidFile(ReadAll(absl::StrCat(cluster_directory, "/postmaster.pid")));
  if (!file.has_value() || !WorksIn(file->pid, cluster_directory)) return std::nullopt;
  return file;
}

bool AnyoneWorksIn(const std::string& directory) {
  std::error_code error;
  const auto want = std::filesystem::weakly_canonical(directory, error);
  if (error) return true;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    std::error_code hidden;
    const auto at_work = std::filesystem::read_symlink(entry.path() / "cwd", hidden);
    if (!hidden && at_work == want) return true;
    if (hidden == std::errc::permission_denied &&
        absl::StartsWith(ReadAll(entry.path() / "comm"), "postgres")) {
      return true;
    }
  }
  return static_cast<bool>(error);
}

bool AwaitExit(pid_t pid, const std::string& cluster_directory, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (IsRunning(pid, cluster_directory)) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

}  // namespace quartermaster::postgres_host
