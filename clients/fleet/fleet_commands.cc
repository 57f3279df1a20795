#include "clients/fleet/fleet_commands.h"

namespace quartermaster::fleet {

command_line::Program FleetProgram() {
  return {"fleet", "thousands of emulated product instances",
          [](CLI::App& app, command_line::Invocation& invocation) {
            AddGenerateCommands(app, invocation);
            AddSubmitCommand(app, invocation);
            AddBulkCommand(app, invocation);
            AddSampleEstateCommand(app, invocation);
          }};
}

}  // namespace quartermaster::fleet
