#include "services/common/testing/scratch_directory.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

extern char** environ;

namespace quartermaster::testing {
namespace {

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "ScratchDirectory: %s: %s\n", what, std::strerror(errno));
  std::abort();
}

// Waits until the test process is gone (its end of the pipe closes, whatever ended it), then stops
// the server and removes the directory, if they are still there. The pid file is believed only while that
// process works in our directory.
constexpr char kJanitor[] = R"sh(
read -r _
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
works() { [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1/postgres" ]; }
works "$1" && kill -QUIT "$pid"
# The server's last processes may still write while files go.
for _ in $(seq 100); do rm -rf "$1" 2>/dev/null; [ -e "$1" ] || break; sleep 0.1; done
)sh";

// Returns our end of the pipe. In a session of its own, so that what kills the test spares it.
int StartJanitor(const std::string& directory) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) Die("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fds[0], 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string arguments[] = {"sh", "-c", kJanitor, "janitor", directory};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), arguments[4].data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ);
  errno = error;
  if (error != 0) Die("janitor");
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(fds[0]);
  return fds[1];
}

}  // namespace

ScratchDirectory::ScratchDirectory() : path_("/tmp/qm-test-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) Die("mkdtemp");
  janitor_fd_ = StartJanitor(path_);
}

ScratchDirectory::~ScratchDirectory() {
  // Here and not by the janitor alone: test runners kill what is left when a test has ended.
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  close(janitor_fd_);
}

}  // namespace quartermaster::testing
