#ifndef QUARTERMASTER_CLIENTS_AGENT_INIT_COMMAND_H_
#define QUARTERMASTER_CLIENTS_AGENT_INIT_COMMAND_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "clients/command_line/invocation.h"

namespace quartermaster::agent {

// Adds `init`, which makes a product instance in the directory `state_path`.
void AddInitCommand(CLI::App& app, command_line::Invocation& invocation,
                    std::shared_ptr<std::string> state_path);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_INIT_COMMAND_H_
