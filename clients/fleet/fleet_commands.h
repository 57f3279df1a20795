// The commands of `fleet`: docs/reference/fleet.md.
#ifndef QUARTERMASTER_CLIENTS_FLEET_FLEET_COMMANDS_H_
#define QUARTERMASTER_CLIENTS_FLEET_FLEET_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "clients/command_line/run_program.h"

namespace quartermaster::fleet {

command_line::Program FleetProgram();

void AddGenerateCommands(CLI::App& app, command_line::Invocation& invocation);
void AddSubmitCommand(CLI::App& app, command_line::Invocation& invocation);
void AddBulkCommand(CLI::App& app, command_line::Invocation& invocation);
void AddSampleEstateCommand(CLI::App& app, command_line::Invocation& invocation);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_FLEET_COMMANDS_H_
