// Waiting for a server that was started or adopted.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_READINESS_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_READINESS_H_

#include <sys/types.h>

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace quartermaster::postgres_host {

struct Awaited {
  pid_t pid = 0;
  std::string cluster_directory;
  // As the superuser, to a database that is always there.
  std::string connection_string;
};

// Until the server lets us in. An error when it ends, at `deadline`, soon after it has refused us
// for good, or when `stopping` becomes true.
absl::Status AwaitReady(const Awaited& server, absl::Time deadline, const std::atomic<bool>& stopping);

// Makes the database "quartermaster" when it is not there.
absl::Status EnsureDatabase(const std::string& connection_string);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_READINESS_H_
