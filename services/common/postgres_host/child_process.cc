#include "services/common/postgres_host/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/common/postgres_host/postgres_host_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::postgres_host {
namespace {

// What the child reports through the pipe when it cannot become the program.
struct Failure {
  char step[24];
  int error;
};

// Everything that the child needs, made before fork: after it, a process with threads may only make
// system calls.
struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  bool change_user = false;
  const OsUser* user = nullptr;
  const char* working_directory = nullptr;
  int output_fd = -1;
  int failure_fd = -1;
  bool dies_with_parent = false;
  pid_t parent = 0;
};

[[noreturn]] void Fail(const Prepared& prepared, const char* step) {
  Failure failure{};
  failure.error = errno;
  std::strncpy(failure.step, step, sizeof(failure.step) - 1);
  [[maybe_unused]] const ssize_t written = write(prepared.failure_fd, &failure, sizeof(failure));
  _exit(127);
}

void ResetSignals() {
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    signal(signal_number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void CloseOnExecFrom(int first) {
#ifdef SYS_close_range
  constexpr unsigned kCloexec = 1u << 2;  // CLOSE_RANGE_CLOEXEC
  if (syscall(SYS_close_range, first, ~0u, kCloexec) == 0) return;
#endif
  // Kernels before 5.11.
  for (int fd = first; fd < 65536; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// By system call: the C library's functions would try to tell other threads, which the child has not.
void BecomeUser(const Prepared& prepared) {
  const OsUser& user = *prepared.user;
  if (syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0) {
    Fail(prepared, "set groups");
  }
  if (syscall(SYS_setresgid, user.gid, user.gid, user.gid) != 0) Fail(prepared, "set group");
  if (syscall(SYS_setresuid, user.uid, user.uid, user.uid) != 0) Fail(prepared, "set user");
}

[[noreturn]] void RunChild(const Prepared& prepared) {
  setsid();
  ResetSignals();
  umask(077);
  const int null_fd = open("/dev/null", O_RDONLY);
  if (null_fd < 0 || dup2(null_fd, 0) < 0) Fail(prepared, "open /dev/null");
  if (dup2(prepared.output_fd, 1) < 0 || dup2(prepared.output_fd, 2) < 0) {
    Fail(prepared, "redirect output");
  }
  CloseOnExecFrom(3);
  if (prepared.change_user) BecomeUser(prepared);
  if (chdir(prepared.working_directory) != 0) Fail(prepared, "enter directory");
  if (prepared.dies_with_parent) {
    // After the change of user, which would clear it.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != prepared.parent) _exit(127);
  }
  execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  Fail(prepared, "run program");
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Waits until the child runs the program (the pipe closes) or has failed (it says how).
absl::Status AwaitExec(const Command& command, int read_fd, pid_t pid) {
  Failure failure{};
  ssize_t got;
  do {
    got = read(read_fd, &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  if (got == 0) return absl::OkStatus();
  waitpid(pid, nullptr, 0);
  return StartFailed(absl::StrCat(command.argv[0], " as user ", command.user.name, " in ",
                                  command.working_directory, ": ", failure.step, ": ",
                                  std::strerror(failure.error)));
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const Command& command) {
  const char* path = std::getenv("PATH");
  const std::vector<std::string> environment = {
      absl::StrCat("PATH=", path == nullptr ? "/usr/bin:/bin" : path), "LC_ALL=C"};
  Prepared prepared;
  prepared.argv = Pointers(command.argv);
  prepared.environment = Pointers(environment);
  prepared.change_user = command.user.uid != geteuid();
  prepared.user = &command.user;
  prepared.working_directory = command.working_directory.c_str();
  prepared.dies_with_parent = command.dies_with_parent;
  prepared.parent = getpid();
  prepared.output_fd =
      open(command.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (prepared.output_fd < 0) {
    return DataDirectoryUnusable(absl::StrCat(command.output_file, ": cannot write: ", std::strerror(errno)));
  }
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
    close(prepared.output_fd);
    return StartFailed(absl::StrCat("pipe: ", std::strerror(errno)));
  }
  prepared.failure_fd = pipe_fds[1];
  // Not fork: handlers that libraries registered for it are not for a child that only execs.
  const pid_t pid = _Fork();
  if (pid == 0) RunChild(prepared);
  const int fork_error = errno;
  close(pipe_fds[1]);
  close(prepared.output_fd);
  absl::Status status = pid < 0 ? StartFailed(absl::StrCat("fork: ", std::strerror(fork_error)))
                                : AwaitExec(command, pipe_fds[0], pid);
  close(pipe_fds[0]);
  if (!status.ok()) return status;
  return pid;
}

absl::Status RunToEnd(const Command& command) {
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(command));
  int wait_status = 0;
  pid_t ended;
  do {
    ended = waitpid(pid, &wait_status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended != pid) {
    return StartFailed(absl::StrCat(command.argv[0], ": how it ended is not known: ", std::strerror(errno)));
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return absl::OkStatus();
  return StartFailed(absl::StrCat(command.argv[0], ": ended with ",
                                  WIFSIGNALED(wait_status) ? "signal " : "code ",
                                  WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status),
                                  ": ", TailOf(command.output_file)));
}

std::string TailOf(const std::string& file, size_t bytes_max) {
  std::ifstream input(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  if (text.size() > bytes_max) text.erase(0, text.size() - bytes_max);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace quartermaster::postgres_host
