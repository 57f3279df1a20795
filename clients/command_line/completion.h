// Shell completion, generated from the parser itself, so that it cannot fall behind.
#ifndef QUARTERMASTER_CLIENTS_COMMAND_LINE_COMPLETION_H_
#define QUARTERMASTER_CLIENTS_COMMAND_LINE_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "clients/command_line/invocation.h"

namespace quartermaster::command_line {

// The script for "bash", "zsh" or "fish"; nullopt for another shell. `app` is the whole program.
std::optional<std::string> CompletionScript(const CLI::App& app, std::string_view shell);

void AddCompletionCommand(CLI::App& app, Invocation& invocation);

}  // namespace quartermaster::command_line

#endif  // QUARTERMASTER_CLIENTS_COMMAND_LINE_COMPLETION_H_
