// Every command of qmctl. Each function adds its commands to the parser; parsing one of them sets
// invocation.command. `invocation` outlives `app`.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_COMMANDS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "clients/command_line/run_program.h"
#include "clients/qmctl/words.h"

namespace quartermaster::qmctl {

void AddComplianceCommand(CLI::App& app, Invocation& invocation);
void AddUsageCommands(CLI::App& app, Invocation& invocation);
void AddProductInstanceCommands(CLI::App& app, Invocation& invocation);
void AddCatalogCommands(CLI::App& app, Invocation& invocation);
void AddEntitlementCommands(CLI::App& app, Invocation& invocation);
void AddPakCommands(CLI::App& app, Invocation& invocation);
void AddAuthorizationCommands(CLI::App& app, Invocation& invocation);
void AddReservationCommands(CLI::App& app, Invocation& invocation);
void AddAcknowledgementCommands(CLI::App& app, Invocation& invocation);
void AddTokenCommands(CLI::App& app, Invocation& invocation);
void AddTrustCommands(CLI::App& app, Invocation& invocation);
void AddPolicyCommands(CLI::App& app, Invocation& invocation);
void AddAccountCommands(CLI::App& app, Invocation& invocation);
void AddHoldCommands(CLI::App& app, Invocation& invocation);
void AddLedgerCommands(CLI::App& app, Invocation& invocation);
void AddFsckCommand(CLI::App& app, Invocation& invocation);
void AddDatabaseCommands(CLI::App& app, Invocation& invocation);
void AddNodeCommands(CLI::App& app, Invocation& invocation);

// The program with all of them.
command_line::Program QmctlProgram();

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_COMMANDS_H_
