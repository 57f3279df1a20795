// authorization request, install, confirm, return
#ifndef QUARTERMASTER_CLIENTS_AGENT_AUTHORIZATION_COMMANDS_H_
#define QUARTERMASTER_CLIENTS_AGENT_AUTHORIZATION_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "clients/agent/command_state.h"
#include "clients/command_line/invocation.h"

namespace quartermaster::agent {

void AddAuthorizationCommands(CLI::App& app, command_line::Invocation& invocation, const StatePath& path);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AUTHORIZATION_COMMANDS_H_
