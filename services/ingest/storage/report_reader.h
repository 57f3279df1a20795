// Stored reports, as they are listed and shown.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_READER_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/domain/verification.h"
#include "services/ingest/storage/commit_group.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

struct StoredReport {
  StoredName name;
  absl::Time received_at;
  Udi udi;
  std::string entitlement_tag;
  int64_t report_id = 0;
  Verification verification = Verification::kUnverifiable;
  StoredOutcome outcome = StoredOutcome::kAccepted;
  // Whether a verified report of the same identity has replaced it.
  bool superseded = false;
  // Whether the ledger has booked its change, and an acknowledgement covers it.
  bool applied = false;
  bool acknowledged = false;
  // Serialised ReportDigest.
  std::string digest;
  int64_t body_bytes = 0;
  // Read for a single report only.
  int32_t dictionary_id = 0;
  std::string body;
};

// Newest first: descending (received_at, change id, place).
struct ListedAfter {
  absl::Time received_at = absl::InfiniteFuture();
  StoredName name;
};

struct ReportFilter {
  int64_t smart_account_id = 0;
  // Exact match; empty = any.
  Udi udi;
  std::string entitlement_tag;
};

// Thread-safe.
class ReportReader {
 public:
  // `pool` outlives the reader.
  explicit ReportReader(pg::Pool& pool) : pool_(pool) {}

  // At most `limit` reports after `after`. With a UDI in the filter the cost grows with its own
  // reports, otherwise with the page (a rare tag alone: with what lies between its reports).
  absl::StatusOr<std::vector<StoredReport>> List(const ReportFilter& filter, const ListedAfter& after,
                                                 int limit);

  // With its body; nothing when there is no such report.
  absl::StatusOr<std::optional<StoredReport>> Get(int64_t smart_account_id, const StoredName& name);

  // Whether there was one whose body retention has taken.
  absl::StatusOr<bool> WasRetired(int64_t smart_account_id, const StoredName& name);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_REPORT_READER_H_
