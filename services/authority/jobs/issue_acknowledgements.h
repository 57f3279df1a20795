// Acknowledges reports once they are in the books: follows ingest's feed, never beyond ledger.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ISSUE_ACKNOWLEDGEMENTS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ISSUE_ACKNOWLEDGEMENTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/storage/source_senders.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::authority {

struct IssueOptions {
  // A round takes changes until it has this many reports, so that a bulk import does not write a row
  // for each of them.
  int64_t reports_per_round_max = 20000;
  int32_t changes_per_round_max = 4000;
};

struct IssueResult {
  int64_t changes = 0;
  int64_t reports = 0;
  int64_t acknowledgements = 0;
  // Whether a further round has work.
  bool more = false;
  // When the newest change of this round was received.
  absl::Time newest_received_at = absl::InfinitePast();
};

// One round: reads the accepted (outcome 1 or 5) and verified reports of the next changes that
// ledger has applied, but none that ledger has set aside, and those that it set aside once and has booked
// since; groups them by sender, and commits one acknowledgement per sender, the changes of authority's
// feed of each Smart Account, and the cursor. Safe to run from several connections at
// once: the cursor's row lock lets one of them commit a round, the others find it done. Takes no
// transaction id before it has all it writes, because an open one holds back every change feed.
// `senders` is kept from round to round.
absl::StatusOr<IssueResult> IssueAcknowledgements(pg::RawConnection& connection, SourceSenders& senders,
                                                  const IssueOptions& options, absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_JOBS_ISSUE_ACKNOWLEDGEMENTS_H_
