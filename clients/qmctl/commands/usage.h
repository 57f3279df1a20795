#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_USAGE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_USAGE_H_

#include <CLI/CLI.hpp>

#include "clients/qmctl/words.h"

namespace quartermaster::qmctl {

// Adds `import` to the group `usage`.
void AddUsageImportCommand(CLI::App& usage, Invocation& invocation);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_USAGE_H_
