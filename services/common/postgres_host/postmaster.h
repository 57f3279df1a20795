// The server process of a cluster directory, whoever started it.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTMASTER_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTMASTER_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace quartermaster::postgres_host {

// What postmaster.pid says.
struct PidFile {
  pid_t pid = 0;
  std::string data_directory;
  std::string socket_directory;
};
// Nothing when the text is not (yet) complete enough to name a process.
std::optional<PidFile> ParsePidFile(std::string_view text);

// The running server over this directory: named by its pid file, alive, and at work there, so that
// an old pid file whose number another process got since is not believed.
std::optional<PidFile> RunningPostmaster(const std::string& cluster_directory);

// Whether the server process that we started or adopted still exists. A child of ours does until it
// is reaped here, for so long would a new server believe the lock files that name it.
bool IsRunning(pid_t pid, const std::string& cluster_directory);

// Whether any process has this directory as its working directory, as every process of a server has,
// or may have: true when a process called postgres cannot be looked into.
bool AnyoneWorksIn(const std::string& directory);

// Waits until it is gone; false when it still runs after `timeout`.
bool AwaitExit(pid_t pid, const std::string& cluster_directory, absl::Duration timeout);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTMASTER_H_
