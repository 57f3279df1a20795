// The figures of pools as of a date, and who is where.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOL_QUERY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOL_QUERY_H_

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/domain/compliance.h"

namespace quartermaster::ledger {

// All functions run in the caller's transaction and throw what libpqxx throws.

// What PoolsNow reads of the present, here from the entries and the authorizations: what was effective at
// `as_of`, as far as it was recorded by `known_at`.
std::vector<PoolFigures> ReadPoolsAsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       absl::Time as_of, absl::Time known_at);

// By Virtual Account: how many product instances, and how many of those that ever reported whose next
// acknowledgement is past its deadline under the default policy.
struct InstanceCounts {
  int64_t product_instances = 0;
  int64_t reporting_overdue = 0;
};
std::map<int64_t, InstanceCounts> CountInstances(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOL_QUERY_H_
