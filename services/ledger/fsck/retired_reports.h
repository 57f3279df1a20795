// Reports whose bodies retention has taken: their measurements are read from what the position has kept,
// and held against what the opening says of them.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_RETIRED_REPORTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_RETIRED_REPORTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/ledger/fsck/finding.h"
#include "services/ledger/fsck/stored_reports.h"
#include "services/ledger/fsck/timeline_checks.h"

namespace quartermaster::ledger::fsck {

// Adds the measurements of usage.retired to usage. `members`: of the HA set, by UDI.
void AddRetired(const PositionRow& row, const std::vector<int64_t>& members, StoredUsage& usage,
                const FindingSink& sink);

// Whether one of them measured something that counts, so that there must be a position.
bool RetiredMeasured(const StoredUsage& usage);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_RETIRED_REPORTS_H_
