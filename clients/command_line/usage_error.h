// What a person is told about a command line that the parser cannot take.
#ifndef QUARTERMASTER_CLIENTS_COMMAND_LINE_USAGE_ERROR_H_
#define QUARTERMASTER_CLIENTS_COMMAND_LINE_USAGE_ERROR_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace quartermaster::command_line {

// client.usage with "field: got, want" for what `app` threw while it parsed.
absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error);

// client.usage for the first argument that is not UTF-8, which no request could carry. One that names a file
// that is there is let through: files have the names that they have.
absl::Status CheckArguments(const std::vector<std::string>& arguments);

}  // namespace quartermaster::command_line

#endif  // QUARTERMASTER_CLIENTS_COMMAND_LINE_USAGE_ERROR_H_
