#include "clients/qmctl/commands/commands.h"

namespace quartermaster::qmctl {

command_line::Program QmctlProgram() {
  return {"qmctl", "the command line of a Quartermaster node", [](CLI::App& app, Invocation& invocation) {
            AddComplianceCommand(app, invocation);
            AddUsageCommands(app, invocation);
            AddProductInstanceCommands(app, invocation);
            AddCatalogCommands(app, invocation);
            AddEntitlementCommands(app, invocation);
            AddAcknowledgementCommands(app, invocation);
            AddTrustCommands(app, invocation);
            AddAccountCommands(app, invocation);
            AddFsckCommand(app, invocation);
            AddDatabaseCommands(app, invocation);
            AddNodeCommands(app, invocation);
          }};
}

}  // namespace quartermaster::qmctl
