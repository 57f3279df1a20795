// A cluster directory: made once, configured before every start, started.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CLUSTER_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CLUSTER_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/postgres_host/os_user.h"
#include "services/common/postgres_host/server_settings.h"

namespace quartermaster::postgres_host {

// Where a node keeps what belongs to its server. The caller holds the start lock for all of this.
struct Cluster {
  std::string data_directory;
  std::string directory;         // <data_directory>/postgres
  std::string binary_directory;  // of the version that the cluster is written in
  OsUser server_user;
  OsUser node_user;
  ServerSettings settings;
  bool is_throw_away = false;

  std::string start_log() const { return data_directory + "/postgres_start.log"; }
  // What the server said last, there or in its own log.
  std::string LastWords() const;
};

// The major version that a cluster directory is written in; 0 when there is none.
int ClusterMajor(const std::string& cluster_directory);

// initdb, unless the directory is complete already. An interrupted one leaves nothing that looks
// complete.
absl::Status InitializeIfAbsent(const Cluster& cluster);

// Completes the settings with what the installed server can do and writes the configuration files.
// A running server reads them again on SIGHUP.
absl::Status Configure(Cluster& cluster);

// Removes lock files that would keep the server from starting although nobody works in the
// directory: their process number is that of a zombie, or of something else after a restart of the
// machine or container. Answers whether somebody does work there; then it removes nothing.
bool RemoveStaleLocks(const Cluster& cluster);

// Starts the server process; it does not answer yet.
absl::StatusOr<pid_t> StartServer(const Cluster& cluster);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_CLUSTER_H_
