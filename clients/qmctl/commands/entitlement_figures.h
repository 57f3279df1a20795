// Rights as of a time, with what of them is used.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_FIGURES_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_FIGURES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/words.h"

namespace quartermaster::qmctl {

struct EntitlementFigureOptions {
  std::string virtual_account;
  std::string tag;
  FigureTimeOptions times;
  int64_t limit = 0;
};
absl::StatusOr<ExitCode> ListEntitlementFigures(Invocation& invocation,
                                                const EntitlementFigureOptions& options);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_ENTITLEMENT_FIGURES_H_
