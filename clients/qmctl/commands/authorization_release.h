// Part of the group "authorization".
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_RELEASE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_RELEASE_H_

#include <CLI/CLI.hpp>

#include "clients/qmctl/words.h"

namespace quartermaster::qmctl {

void AddReleaseCommands(CLI::App& group, Invocation& invocation);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_AUTHORIZATION_RELEASE_H_
