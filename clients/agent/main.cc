#include "clients/agent/agent_commands.h"

int main(int argc, char** argv) {
  return quartermaster::command_line::Main(quartermaster::agent::AgentProgram(), argc, argv);
}
