// Tries reports again that were set aside: what was wrong may have been cured since, and booking is
// independent of order.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_REBOOK_REPORTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_REBOOK_REPORTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/jobs/apply_batch.h"
#include "services/ledger/jobs/booking_terms.h"
#include "services/ledger/storage/set_aside_store.h"
#include "services/ledger/storage/source_directory.h"

namespace quartermaster::ledger {

// So many are tried in one transaction, one by one.
inline constexpr int32_t kRebookedPerTransaction = 100;

struct RebookOutcome {
  AppliedCounts counts;  // of those that are booked now
  // The last one that was tried; go on from there.
  ReportName last;
  bool more = false;
};

// Within an open transaction, under the lock of the usage books: the next ones after `after`. Those that
// cannot be booked stay. An error is no report's fault; roll back and clear the directory then.
absl::StatusOr<RebookOutcome> RebookReports(pg::RawConnection& connection, SourceDirectory& directory,
                                            int32_t incarnation, const ReportName& after,
                                            const BookingTerms& terms);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_REBOOK_REPORTS_H_
