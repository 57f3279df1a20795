// The whole of fsck: see README.md for the rules.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_CHECKER_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_CHECKER_H_

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/common/pg/pool.h"
#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// Checks everything in one snapshot and hands each difference to `sink` as it is found; `progress`
// hears what is being checked. Memory is bounded by the measurements of a few consumers. A
// finding is not an error: the status is one only when the database cannot be read, or CANCELLED when
// `progress` said stop.
absl::StatusOr<Totals> CheckBooks(pg::Pool& pool, const FindingSink& sink, const Progress& progress);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BOOKS_CHECKER_H_
