// How a command adds itself to the parser.
#ifndef QUARTERMASTER_CLIENTS_COMMAND_LINE_REGISTRATION_H_
#define QUARTERMASTER_CLIENTS_COMMAND_LINE_REGISTRATION_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/command_line/invocation.h"
#include "quartermaster/common/v1/common.pb.h"

namespace quartermaster::command_line {

// A group such as `usage`, which needs one of its commands.
CLI::App& AddGroup(CLI::App& parent, const char* name, const char* description);

// One command and the options that the parser fills. They live as long as the parser.
template <typename Options>
struct Leaf {
  CLI::App& app;
  std::shared_ptr<Options> options;
};

// `run(invocation, options)` answers StatusOr<ExitCode>; it runs after parsing.
template <typename Options, typename Run>
Leaf<Options> AddLeaf(CLI::App& parent, const char* name, const char* description, Invocation& invocation,
                      Run run) {
  auto options = std::make_shared<Options>();
  CLI::App* leaf = parent.add_subcommand(name, description);
  leaf->fallthrough();
  leaf->final_callback([options, &invocation, run] {
    invocation.command = [options, &invocation, run] { return run(invocation, *options); };
  });
  return {*leaf, options};
}

struct NoOptions {};

struct ListOptions {
  int64_t limit = 0;
};
void AddLimit(CLI::App& app, ListOptions& options);

// Splits "PID:SN"; client.usage otherwise.
absl::StatusOr<common::v1::Udi> ParseUdi(const std::string& text);

// A fresh id that makes one write idempotent over its retries.
std::string NewRequestId();

}  // namespace quartermaster::command_line

#endif  // QUARTERMASTER_CLIENTS_COMMAND_LINE_REGISTRATION_H_
