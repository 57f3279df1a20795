// Product instances that have named each other as members of an HA set become one consumer: their
// timelines are merged, and what was posted for them one by one is moved to the set's lead. What only one
// side says is kept (ha_claims) and joins nothing, so that nobody can draw others into a set, and so that
// the sets do not depend on who spoke first. A UDI that never reported is nobody's consumer.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_MERGE_HA_SETS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_MERGE_HA_SETS_H_

#include <span>

#include "absl/status/status.h"
#include "services/ledger/jobs/batch_context.h"
#include "services/ledger/jobs/decoded_report.h"

namespace quartermaster::ledger {

// Before the reports are booked. An unverifiable report's claim is heard when such reports counted as it
// was received.
absl::Status MergeHaSets(std::span<const DecodedReport> reports, BatchContext& batch);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_MERGE_HA_SETS_H_
