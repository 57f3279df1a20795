#include "clients/fleet/fleet_commands.h"

int main(int argc, char** argv) {
  return quartermaster::command_line::Main(quartermaster::fleet::FleetProgram(), argc, argv);
}
