// Errors of the emulated product instance itself.
#ifndef QUARTERMASTER_CLIENTS_AGENT_AGENT_ERRORS_H_
#define QUARTERMASTER_CLIENTS_AGENT_AGENT_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::agent {

// agent.state_malformed: the state directory holds something that this program did not write.
absl::Status StateMalformed(std::string_view message);
// agent.state_exists, agent.state_missing: `init` where there is one already, anything else where
// there is none.
absl::Status StateExists(std::string_view directory);
absl::Status StateMissing(std::string_view directory);
// agent.state_in_use: another process works on the same directory.
absl::Status StateInUse(std::string_view directory);
// agent.certificate_mismatch: of another key, or bound to another UDI.
absl::Status CertificateMismatch(std::string_view message);
// agent.argument_invalid: "field: got, want".
absl::Status ArgumentInvalid(std::string_view message);
// agent.authority_unknown: an acknowledgement cannot be verified because no CA is pinned.
absl::Status AuthorityUnknown();

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AGENT_ERRORS_H_
