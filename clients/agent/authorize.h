// The device's side of authorization and reservation codes: installs what verifies, removes, and proves both.
#ifndef QUARTERMASTER_CLIENTS_AGENT_AUTHORIZE_H_
#define QUARTERMASTER_CLIENTS_AGENT_AUTHORIZE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "clients/agent/agent_state.h"
#include "services/common/crypto/certificate.h"

namespace quartermaster::agent {

using WantedTags = std::vector<std::pair<std::string, int64_t>>;

// Of the active unit; made when it has none.
UnitAuthorization& AuthorizationOf(AgentState& state);

// Verifies the code under the pinned certificates and puts it in the place of what was installed.
// agent.authority_unknown, crypto.authorization_outdated, and what AuthorizationVerifier says.
absl::Status InstallAuthorization(std::string_view file, const std::vector<crypto::Certificate>& pinned,
                                  AgentState& state);

// From now on its tags may not be used, and its removal code is shown. agent.nothing_installed, and
// agent.not_authorized while an enforced tag is in use.
absl::Status RemoveAuthorization(AgentState& state);

// The request file: what is wanted in all, and the codes that prove what is so far.
std::string AuthorizationRequestFile(const AgentState& state, const WantedTags& wanted);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AUTHORIZE_H_
