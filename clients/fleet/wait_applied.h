// Waiting until what was stored has reached the books.
#ifndef QUARTERMASTER_CLIENTS_FLEET_WAIT_APPLIED_H_
#define QUARTERMASTER_CLIENTS_FLEET_WAIT_APPLIED_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/command_line/invocation.h"

namespace quartermaster::fleet {

// Asks for the newest 1,000 reports until none of them is still `received`. The newest are applied
// last, up to groups that commit at the same time. DEADLINE_EXCEEDED after `patience`.
absl::Status WaitUntilApplied(command_line::Invocation& invocation, absl::Duration patience);

// The same until every verified one of the newest 1,000 reports is acknowledged, and the books know.
absl::Status WaitUntilAcknowledged(command_line::Invocation& invocation, absl::Duration patience);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_WAIT_APPLIED_H_
