// What the commands of `agent` share: the state directory that they work on.
#ifndef QUARTERMASTER_CLIENTS_AGENT_COMMAND_STATE_H_
#define QUARTERMASTER_CLIENTS_AGENT_COMMAND_STATE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/agent/state_directory.h"
#include "clients/connection/client_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {

// The one option that all commands share; lives as long as the parser.
using StatePath = std::shared_ptr<std::string>;

inline absl::StatusOr<std::unique_ptr<StateDirectory>> OpenState(const StatePath& path) {
  if (path->empty()) return client::Usage("state: got nothing, want --state DIR or AGENT_STATE");
  return StateDirectory::Open(*path);
}

// Reports first, then the state that names them.
inline absl::Status KeepAndSave(StateDirectory& directory, const std::vector<ReportToWrite>& closed) {
  RETURN_IF_ERROR(directory.Keep(closed));
  return directory.Save();
}

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_COMMAND_STATE_H_
