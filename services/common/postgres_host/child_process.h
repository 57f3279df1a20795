// Starts programs without a shell, as another user where needed.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CHILD_PROCESS_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/postgres_host/os_user.h"

namespace quartermaster::postgres_host {

struct Command {
  // argv[0] is the path of the program.
  std::vector<std::string> argv;
  OsUser user;
  std::string working_directory;
  // Receives standard output and error, from its beginning; made with this process's rights.
  std::string output_file;
  // Whether it ends with the thread that started it, however that ends. Otherwise it lives on.
  bool dies_with_parent = false;
};

// The child has a session of its own (no signals from our terminal), default signal handling, none
// of our file descriptors and environment (PATH and LC_ALL=C only), umask 077. Returns when the
// program itself runs; an error says which step before failed. Safe in a process with threads.
absl::StatusOr<pid_t> Spawn(const Command& command);

// Spawn, then wait. An error when it does not exit with 0, with the end of its output.
absl::Status RunToEnd(const Command& command);

// The last lines of a file, for error messages; empty when it cannot be read.
std::string TailOf(const std::string& file, size_t bytes_max = 2000);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CHILD_PROCESS_H_
