// main() of every client program: parsing, global options, exit codes.
#ifndef QUARTERMASTER_CLIENTS_COMMAND_LINE_RUN_PROGRAM_H_
#define QUARTERMASTER_CLIENTS_COMMAND_LINE_RUN_PROGRAM_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "clients/command_line/invocation.h"

namespace quartermaster::command_line {

struct Program {
  std::string name;
  std::string description;
  // Adds the program's own commands and options; `version` and `completion` come with every one.
  std::function<void(CLI::App& app, Invocation& invocation)> add_commands;
};

// `arguments` without the program's name. Tests call this in their own process.
ExitCode RunProgram(const Program& program, std::vector<std::string> arguments, const Streams& streams);

// The same on the real streams.
int Main(const Program& program, int argc, char** argv);

}  // namespace quartermaster::command_line

#endif  // QUARTERMASTER_CLIENTS_COMMAND_LINE_RUN_PROGRAM_H_
