// entitlement correct, landing-rule, consumption-order
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_TERMS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_TERMS_H_

#include <CLI/CLI.hpp>

#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"

namespace quartermaster::qmctl {

// Adds them to the group `entitlement`.
void AddTermsCommands(CLI::App& group, Invocation& invocation);

// What a movement moved. entitlement.cc
ExitCode ShowMovement(Invocation& invocation, const ledger::v1::Movement& movement);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_TERMS_H_
