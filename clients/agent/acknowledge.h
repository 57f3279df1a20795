// Takes an acknowledgement or a policy over into the state of a product instance.
#ifndef QUARTERMASTER_CLIENTS_AGENT_ACKNOWLEDGE_H_
#define QUARTERMASTER_CLIENTS_AGENT_ACKNOWLEDGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/agent/agent_state.h"
#include "services/common/crypto/certificate.h"

namespace quartermaster::agent {

struct AcknowledgementTaken {
  Udi udi;
  int64_t sequence = 0;
  // Reports that were not acknowledged before.
  int64_t newly_acknowledged = 0;
};

// Verifies `file` under `pinned` at the instance's clock, marks the reports that it names, and
// takes the policy over. Errors of crypto::AcknowledgementVerifier, agent.authority_unknown. The
// state is unchanged on any error.
absl::StatusOr<AcknowledgementTaken> TakeAcknowledgement(std::string_view file,
                                                         const std::vector<crypto::Certificate>& pinned,
                                                         AgentState& state);

struct PolicyTaken {
  Udi udi;
  int64_t sequence = 0;
  std::string policy_name;
};

// Whether a file's root says that it is a policy by itself.
bool IsPolicyFile(std::string_view file);
// The same of a policy file: it is installed until an acknowledgement brings another one.
absl::StatusOr<PolicyTaken> TakePolicy(std::string_view file, const std::vector<crypto::Certificate>& pinned,
                                       AgentState& state);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_ACKNOWLEDGE_H_
