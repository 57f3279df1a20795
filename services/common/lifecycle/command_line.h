// The command line of every server binary.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_COMMAND_LINE_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_COMMAND_LINE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster {

struct CommandLine {
  enum class Command { kServe, kMigrate, kCheckConfig, kVersion, kHelp };
  Command command = Command::kServe;
  std::string config_file;
  // As given; relative to the working directory. Wins over the configuration file's.
  std::string data_directory;
};

// `arguments` without the program's name. `lifecycle.command_line_invalid` says what was wrong.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

// What --help prints.
std::string UsageText(std::string_view process);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_COMMAND_LINE_H_
