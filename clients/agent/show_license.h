// The state of a product instance as a device shows it.
#ifndef QUARTERMASTER_CLIENTS_AGENT_SHOW_LICENSE_H_
#define QUARTERMASTER_CLIENTS_AGENT_SHOW_LICENSE_H_

#include <string>
#include <vector>

#include "clients/agent/agent_state.h"
#include "clients/output/output.h"
#include "services/common/crypto/certificate.h"

namespace quartermaster::agent {

// What the product instance signs with.
struct Credentials {
  // Of trust.pem; empty: it has no trust code.
  std::vector<crypto::Certificate> trust_codes;
  // Of certificates.pem.
  std::vector<crypto::Certificate> certificates;
};

// In the manner of `show license all`.
std::string ShowLicense(const AgentState& state, const Credentials& credentials);

// The same facts for programs: docs/reference/formats.md, "Status of the agent".
output::Json StatusJson(const AgentState& state, const Credentials& credentials);
// And as the one line of CSV, made from StatusJson().
const output::RowSpec<output::Json>& StatusSpec();

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_SHOW_LICENSE_H_
