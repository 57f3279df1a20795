// Reads committed reports of ingest's change feed, through its view ingest_v1_reports.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_REPORT_READER_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_REPORT_READER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/change_feed.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// Values of rum_reports.outcome and .verification.
enum class StoredOutcome : int16_t { kAccepted = 1, kConflict = 3, kSuperseding = 5 };
enum class StoredVerification : int16_t { kVerified = 1, kUnverifiable = 2 };

struct StoredReport {
  int64_t smart_account_id = 0;
  absl::Time received_at;
  int64_t change_id = 0;
  int32_t place = 0;
  int64_t source_id = 0;
  int64_t report_id = 0;
  std::optional<int64_t> door_virtual_account_id;
  StoredOutcome outcome = StoredOutcome::kAccepted;
  StoredVerification verification = StoredVerification::kVerified;
  std::string_view digest;  // services/common/usage/digest.h
};

// In the order (change as given, place). Owns what the digests view.
class ReportBatch {
 public:
  ReportBatch(pg::Result result, std::vector<StoredReport> reports)
      : result_(std::move(result)), reports_(std::move(reports)) {}
  std::span<const StoredReport> reports() const { return reports_; }

 private:
  pg::Result result_;
  std::vector<StoredReport> reports_;
};

// All reports of these changes. Change::bytes says how much that is.
absl::StatusOr<ReportBatch> ReadReports(pg::RawConnection& connection, std::span<const pg::Change> changes);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_REPORT_READER_H_
