// Whether what was booked stands as it was sealed: the part of fsck that needs no stored reports.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_LEDGER_VERIFIER_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_LEDGER_VERIFIER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "services/common/pg/pool.h"
#include "services/ledger/fsck/block_checks.h"
#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

struct Verified {
  int64_t blocks = 0;
  int64_t entries = 0;
  int64_t unsealed_changes = 0;
  int64_t findings = 0;
  BlockHeadNote head;
};

// In one snapshot, up to what was committed. Hands each difference to `sink` as it is found; `progress` hears
// what is being checked. A finding is not an error: the status is one only when the database cannot be read,
// or CANCELLED when `progress` said stop. Memory is bounded by one block.
absl::StatusOr<Verified> VerifyLedger(pg::Pool& pool, const BlockCheckOptions& options,
                                      const FindingSink& sink, const Progress& progress);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_LEDGER_VERIFIER_H_
