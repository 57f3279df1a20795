// The session in which reports are applied. Its statements join arrays of keys with large tables, so
// the planner is told once and for all that index look-ups are right, whatever the statistics of a
// young database say, and that planning anew brings nothing.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_APPLY_SESSION_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_APPLY_SESSION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

absl::StatusOr<std::unique_ptr<pg::RawConnection>> ConnectForApplying(const pg::Options& options);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_APPLY_SESSION_H_
