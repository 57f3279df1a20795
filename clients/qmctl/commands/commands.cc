#include "clients/qmctl/commands/commands.h"

namespace quartermaster::qmctl {

command_line::Program QmctlProgram() {
  return {"qmctl", "the command line of a Quartermaster node", [](CLI::App& app, Invocation& invocation) {
            AddComplianceCommand(app, invocation);
            AddUsageCommands(app, invocation);
            AddProductInstanceCommands(app, invocation);
            AddCatalogCommands(app, invocation);
            AddEntitlementCommands(app, invocation);
            AddPakCommands(app, invocation);
            AddAuthorizationCommands(app, invocation);
            AddReservationCommands(app, invocation);
            AddAcknowledgementCommands(app, invocation);
            AddTokenCommands(app, invocation);
            AddTrustCommands(app, invocation);
            AddPolicyCommands(app, invocation);
            AddAccountCommands(app, invocation);
            AddHoldCommands(app, invocation);
            AddLedgerCommands(app, invocation);
            AddFsckCommand(app, invocation);
            AddDatabaseCommands(app, invocation);
            AddNodeCommands(app, invocation);
          }};
}

}  // namespace quartermaster::qmctl
