// The heart of applying reports: from decoded reports to changed timelines and movements.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOK_USAGE_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOK_USAGE_H_

#include "absl/status/status.h"
#include "services/ledger/jobs/batch_context.h"
#include "services/ledger/jobs/decoded_report.h"

namespace quartermaster::ledger {

// Adds every report to the timeline of its consumer and tag, and what follows to the context.
absl::Status BookUsage(const DecodedReports& decoded, BatchContext& batch);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOK_USAGE_H_
