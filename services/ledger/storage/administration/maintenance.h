// Small writes of the ledger service that are not about rows of the books.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_MAINTENANCE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_MAINTENANCE_H_

#include <pqxx/pqxx>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// Records a switch of the policy for unverifiable reports from act.now on, a second after the last
// switch at the earliest. Its movements are posted by jobs/post_policy_switches.
absl::Status SwitchUnverifiablePolicy(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      bool counts, const Act& act);

// Monthly partitions of ledger_entries from this month to three months ahead.
absl::Status MakeEntryPartitions(pg::Pool& pool, absl::Time now);

// Drops answers that were kept under a request id for more than seven days.
absl::Status ForgetOldAnswers(pg::Pool& pool, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_MAINTENANCE_H_
