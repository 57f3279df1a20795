#include "services/common/lifecycle/command_line.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "services/common/lifecycle/lifecycle_errors.h"

namespace quartermaster {
namespace {

using Command = CommandLine::Command;

std::optional<Command> CommandOf(std::string_view word) {
  if (word == "migrate") return Command::kMigrate;
  if (word == "check-config") return Command::kCheckConfig;
  if (word == "--version") return Command::kVersion;
  if (word == "--help" || word == "-h") return Command::kHelp;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string word = arguments[i];
    if (const auto command = CommandOf(word); command.has_value()) {
      if (line.command != Command::kServe) {
        return CommandLineInvalid(absl::StrCat("\"", word, "\" after another command"), "one command");
      }
      line.command = *command;
      continue;
    }
    std::optional<std::string> value;
    if (const size_t equals = word.find('='); equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    std::string* to = word == "--config"           ? &line.config_file
                      : word == "--data-directory" ? &line.data_directory
                                                   : nullptr;
    if (to == nullptr) {
      return CommandLineInvalid(absl::StrCat("\"", arguments[i], "\""),
                                "--config, --data-directory, --version, --help, migrate or "
                                "check-config");
    }
    if (!value.has_value() && i + 1 < arguments.size()) value = arguments[++i];
    if (!value.has_value() || value->empty()) {
      return CommandLineInvalid(absl::StrCat(word, " without a path"), "a path");
    }
    if (!to->empty()) return CommandLineInvalid(absl::StrCat(word, " twice"), "it once");
    *to = *std::move(value);
  }
  return line;
}

std::string UsageText(std::string_view process) {
  const std::string name(process);
  return absl::StrCat(
      "usage: ", name, " [--config FILE] [--data-directory DIR] [migrate | check-config]\n", "       ", name,
      " --version | --help\n\n",
      "  --config FILE         YAML (docs/reference/configuration.md); without it every field has its "
      "default\n"
      "  --data-directory DIR  wins over data_directory of the file\n"
      "  migrate               bring the database to this version's schema, and end\n"
      "  check-config          read and check the file and the files that it names, and end\n");
}

}  // namespace quartermaster
