// The commands of `agent`: docs/reference/agent.md.
#ifndef QUARTERMASTER_CLIENTS_AGENT_AGENT_COMMANDS_H_
#define QUARTERMASTER_CLIENTS_AGENT_AGENT_COMMANDS_H_

#include "clients/command_line/run_program.h"

namespace quartermaster::agent {

command_line::Program AgentProgram();

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_AGENT_COMMANDS_H_
