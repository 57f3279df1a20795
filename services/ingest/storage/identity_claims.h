// report_identities and report_other_payloads: claiming identities, and what stands where a claim
// was late. Part of the group's transaction.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_CLAIMS_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_CLAIMS_H_

#include "absl/status/status.h"
#include "services/ingest/storage/commit_group.h"
#include "services/ingest/storage/group_statements.h"

namespace quartermaster::ingest {

// Gives the share its change id, and claims the identity of each chain for its first report, in the
// order of the keys: two transactions that want the same identities wait for each other in one
// direction only.
absl::Status ClaimIdentities(GroupStatements& statements, AccountShare& share);
// The same in half the time where none of them is taken; unique_violation (SqlStateOf) where one is.
absl::Status ClaimNewIdentities(GroupStatements& statements, AccountShare& share);

// For chains that were not claimed: reads what stands and, where more than a plain duplicate must
// be answered, locks it and reads the other payloads. Then decides every chain.
absl::Status DecideChains(GroupStatements& statements, AccountShare& share);

// Queues what Decide changed: the standing report of superseded identities, other payloads.
void QueueDecisions(GroupStatements& statements, AccountShare& share);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_IDENTITY_CLAIMS_H_
