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
// agent.key_missing: the private key that should sign is not in the state directory.
absl::Status KeyMissing(std::string_view file);
// agent.trust_missing: there is no trust code to renew.
absl::Status TrustMissing();
// agent.argument_invalid: "field: got, want".
absl::Status ArgumentInvalid(std::string_view message);
// agent.authority_unknown: a file cannot be verified because no CA is pinned.
absl::Status AuthorityUnknown();

// agent.not_authorized: no code that is installed allows it.
absl::Status NotAuthorized(std::string_view message);
// agent.nothing_installed: there is no code to confirm or to remove.
absl::Status NothingInstalled();

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AGENT_ERRORS_H_
