// Commands of the group `trust` that are about trust codes.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TRUST_CODES_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TRUST_CODES_H_

#include <CLI/CLI.hpp>

#include "clients/qmctl/words.h"

namespace quartermaster::qmctl {

void AddTrustCodeCommands(CLI::App& trust, Invocation& invocation);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_TRUST_CODES_H_
