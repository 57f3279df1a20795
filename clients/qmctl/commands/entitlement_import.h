// How rights that were read from a file are booked: `entitlement import`, `pak import`.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_IMPORT_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_IMPORT_H_

#include "absl/status/statusor.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/input/import_rows.h"

namespace quartermaster::qmctl {

// Prints what became of each row; kRefused when any has a problem.
absl::StatusOr<ExitCode> BookEntitlements(Invocation& invocation,
                                          const ImportRows<ledger::v1::Entitlement>& rows);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_IMPORT_H_
