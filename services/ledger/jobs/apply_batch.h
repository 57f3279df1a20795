// Books one batch of committed reports within an open transaction, under the lock of the usage
// books: positions, movements, pools, contacts, findings. The same reports give the same books in
// any order and any batches.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_BATCH_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_BATCH_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/jobs/booking_terms.h"
#include "services/ledger/storage/report_reader.h"
#include "services/ledger/storage/source_directory.h"

namespace quartermaster::ledger {

struct AppliedCounts {
  int64_t reports = 0;     // booked, repeated ones included
  int64_t conflicts = 0;   // not booked, a finding says so
  int64_t unbookable = 0;  // set aside with a finding: damaged digest, source unknown
  int64_t movements = 0;

  void Add(const AppliedCounts& other);
};

// `reports` in feed order. After an error, or std::bad_alloc, the transaction must be rolled back and the
// directory cleared.
absl::StatusOr<AppliedCounts> ApplyBatch(pg::RawConnection& connection, SourceDirectory& directory,
                                         int32_t incarnation, std::span<const StoredReport> reports,
                                         const BookingTerms& terms);

// Whether a failure of ApplyBatch is the fault of what the reports say, and will be the same next time:
// the database refuses their values (SQLSTATE classes 22, 23 and 54) or their stored form cannot be read.
// Everything else is the machine's, the schema's or the operator's, and no reason to pass a report by.
bool IsAboutTheReports(const absl::Status& status, const pg::RawConnection& connection);

// Sets a report aside that ApplyBatch could not book by itself: its name, and a finding.
absl::Status SetAside(pg::RawConnection& connection, SourceDirectory& directory, const StoredReport& report,
                      const absl::Status& why, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_APPLY_BATCH_H_
