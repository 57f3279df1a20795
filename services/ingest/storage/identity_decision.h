// What becomes of a report whose identity is taken: the rule of semantics "Identity" and
// "Verification" as one pure function, so that groups, workers and replicas decide alike.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_DECISION_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_DECISION_H_

#include <vector>

#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/domain/verification.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

// The report that stands under an identity (a row of report_identities).
struct StandingReport {
  pg::Uuid payload_hash = {};
  absl::Time received_at;
  StoredName name;
  Verification verification = Verification::kUnverifiable;
};

// Another payload that came under the same identity (a row of report_other_payloads).
struct OtherPayload {
  enum class Kind { kReplaced = 1, kConflict = 3 };  // the column `outcome`
  Kind kind = Kind::kConflict;
  pg::Uuid payload_hash = {};
  absl::Time received_at;
  StoredName name;
};

enum class IdentityDecision {
  // The standing report is the answer.
  kDuplicate,
  // The payload was accepted earlier and has been replaced by a verified one since: answered as the
  // first time, by the entry of `others` with its hash.
  kDuplicateOfReplaced,
  // Verified, over an unverifiable one: stored, and stands from now on.
  kSupersede,
  // Another payload: stored beside, never counted.
  kConflict,
  // The same conflicting payload again: nothing is stored.
  kConflictAgain,
};

IdentityDecision DecideIdentity(const StandingReport& standing, const std::vector<OtherPayload>& others,
                                const pg::Uuid& payload_hash, Verification verification);

// The entry with this payload and kind, or null.
const OtherPayload* FindOtherPayload(const std::vector<OtherPayload>& others, const pg::Uuid& payload_hash,
                                     OtherPayload::Kind kind);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_DECISION_H_
