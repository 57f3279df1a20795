#include "clients/qmctl/commands/commands.h"

int main(int argc, char** argv) {
  return quartermaster::command_line::Main(quartermaster::qmctl::QmctlProgram(), argc, argv);
}
