// trust establish, trust factory, trust renew
#ifndef QUARTERMASTER_CLIENTS_AGENT_TRUST_COMMANDS_H_
#define QUARTERMASTER_CLIENTS_AGENT_TRUST_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "clients/agent/command_state.h"
#include "clients/command_line/invocation.h"

namespace quartermaster::agent {

void AddTrustCommands(CLI::App& app, command_line::Invocation& invocation, const StatePath& path);

// Renews the trust code when that is due. What keeps it from that is told on standard error, and nothing
// more: the present key is still good.
void RenewIfDue(command_line::Invocation& invocation, StateDirectory& directory);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_TRUST_COMMANDS_H_
