// The SQL of retention: months of reports that may go, what stays of them, how much there is; and of erasure.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_RETENTION_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_RETENTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ingest {

// Reasons to stay, as in ingest_v1_reasons_to_stay.
inline constexpr int kStaysUnverifiable = 16;

struct StoredMonths {
  // Where the oldest month with a partition of its own begins.
  std::optional<absl::Time> oldest;
  int64_t kept_reports = 0;
};

// The key of a kept report.
struct KeptReport {
  int64_t smart_account_id = 0;
  int64_t received_us = 0;
  int64_t change_id = 0;
  int32_t place = 0;
};

// Thread-safe. `ignored` are bits of reasons that do not count.
class ReportRetention {
 public:
  // `pool` outlives this.
  explicit ReportRetention(pg::Pool& pool) : pool_(pool) {}

  // Beginnings of the months that ended before `cut` and for which an opening stands, oldest first.
  absl::StatusOr<std::vector<absl::Time>> MonthsToDrop(absl::Time cut);

  // Moves what has to stay of the reports received in [from, until) out of their month; how many.
  absl::StatusOr<int64_t> Keep(absl::Time from, absl::Time until, int ignored);

  // Drops a month, after Keep has seen all of it; false when it is gone already. An error that passes when a
  // lock was not to be had in a second: somebody reads for long, or is placing a hold.
  absl::StatusOr<bool> DropMonth(absl::Time from);

  // Looks at the kept reports after `position`, a page of them, deletes those that need not stay any more,
  // and answers how many. Nothing = from the first on; nothing again when all were looked at.
  absl::StatusOr<int64_t> TrimKept(int ignored, std::optional<KeptReport>& position);

  absl::StatusOr<StoredMonths> Count();

  // Deletes the system infos of product instances that ledger has erased, as far as they are that old.
  absl::Status EraseSystemInfos();

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_RETENTION_H_
