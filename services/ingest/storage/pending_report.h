// What travels through the group commit: reports that were parsed, verified and compressed, and the
// answers that they get. Plain data; a submission has one owner at a time.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_PENDING_REPORT_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_PENDING_REPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/domain/verification.h"

namespace quartermaster::ingest {

// "<change id>-<place>" as numbers: names a stored report within its Smart Account.
struct StoredName {
  int64_t change_id = 0;
  int32_t place = 0;
  bool operator==(const StoredName&) const = default;
};

struct PendingReport {
  Udi udi;
  std::string entitlement_tag;
  int64_t report_id = 0;
  // First 16 bytes of SHA-256 over the payload.
  pg::Uuid payload_hash = {};
  // kVerified or kUnverifiable; a rejected report never comes here.
  Verification verification = Verification::kUnverifiable;
  // The raw text, compressed with this dictionary.
  int32_t dictionary_id = 0;
  std::string body;
  // Serialised ReportDigest, as decided at parse time.
  std::string digest;
  // The time by which the digest's clock-suspect flags were decided, and the latest end of a
  // measurement, Unix seconds: together they tell whether the time of commit decides otherwise.
  int64_t received_s = 0;
  int64_t latest_end_s = 0;
  // Names under which earlier attempts tried to store this report and whose COMMIT is in doubt.
  std::vector<StoredName> names_in_doubt;
};

// A smartLicenseSystemInfo as it came.
struct PendingSystemInfo {
  Udi udi;
  std::string body;
  std::string hostname;  // may be empty
};

struct ReportAnswer {
  enum class Outcome { kAccepted, kDuplicate, kConflict, kRejected };
  Outcome outcome = Outcome::kRejected;
  // Of the report that stands: this one when accepted, else the one that was there.
  absl::Time received_at = {};
  StoredName name = {};
  Verification verification = Verification::kUnverifiable;
  // Why it was rejected.
  absl::Status status = {};
};

// Reports that came together and are stored in one transaction.
struct Submission {
  int64_t smart_account_id = 0;
  // The Virtual Account whose door it came through, when one was named.
  std::optional<int64_t> door_virtual_account_id;
  std::vector<PendingReport> reports;
  // Kept (newest per sender) when the sender is known by the end of the transaction.
  std::vector<PendingSystemInfo> system_infos;
  bool wants_ticket = false;
  // Not counted against the queue's limits: whoever sends it bounds what is under way by itself.
  bool always_fits = false;
  // Nothing is tried for it after this time.
  absl::Time deadline = absl::InfiniteFuture();

  // Filled before `done` is called. Not OK: nothing is known to be stored, and no answers.
  absl::Status status;
  // One for each report.
  std::vector<ReportAnswer> answers;
  int64_t poll_id = 0;

  // Called once, on a commit worker: must be quick and must not wait for another submission.
  std::function<void(std::unique_ptr<Submission>)> done;

  int64_t Bytes() const {
    int64_t bytes = 0;
    for (const PendingReport& report : reports) bytes += report.body.size() + report.digest.size();
    for (const PendingSystemInfo& info : system_infos) bytes += info.body.size();
    return bytes;
  }
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_PENDING_REPORT_H_
