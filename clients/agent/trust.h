// How a product instance gets its trust code and keeps it: asks the node, proves its keys, installs what
// comes.
#ifndef QUARTERMASTER_CLIENTS_AGENT_TRUST_H_
#define QUARTERMASTER_CLIENTS_AGENT_TRUST_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/agent/state_directory.h"
#include "clients/connection/node_connection.h"
#include "services/common/crypto/signature.h"
#include "services/common/log/secret.h"

namespace quartermaster::agent {

struct TrustOptions {
  std::string smart_account;
  crypto::Algorithm algorithm = crypto::Algorithm::kEcdsaP256Sha256;
  // What the product instance says of its own clock, Unix seconds; none: it says nothing.
  std::optional<int64_t> device_time_s;
};

// Each makes a key, asks for a trust code for each unit of the HA pair, installs them and pins the authority
// when none is pinned. What was interrupted is asked again with the same key, so that a lost answer costs
// nothing.

struct IdTokenOptions {
  log::Secret id_token;
  bool export_controlled = false;
};
absl::Status EstablishTrust(StateDirectory& directory, const client::NodeConnection& node,
                            const IdTokenOptions& id_token, const TrustOptions& options);

// By the key and the certificates of the state directory; `intermediates` (PEM) may be empty.
// agent.key_missing, agent.certificate_mismatch.
absl::Status EstablishFactoryTrust(StateDirectory& directory, const client::NodeConnection& node,
                                   const std::string& intermediates, const TrustOptions& options);

// agent.trust_missing.
absl::Status RenewTrust(StateDirectory& directory, const client::NodeConnection& node,
                        const TrustOptions& options);

// Whether half of the validity of a trust code is over by the product instance's own clock.
bool RenewalIsDue(const StateDirectory& directory);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_TRUST_H_
