// Takes product instances out: their use ends now, by the same releases as everywhere, and they are no longer
// listed. One transaction, under the lock of the usage books.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_REMOVE_INSTANCES_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_REMOVE_INSTANCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ledger {

struct InstanceRemoval {
  int64_t smart_account_id = 0;
  // Leads of consumers: their use ends, and all members are removed. Some hundred at most.
  std::vector<int64_t> consumers;
  // Product instances that are removed although the use of their HA set goes on.
  std::vector<int64_t> members;
  std::string actor;
  std::string request_id;
  // Full method name.
  std::string method;
};

// How many product instances were there before and are removed now. Repeating it changes nothing.
// `ledger.busy`.
absl::StatusOr<int64_t> RemoveInstances(const pg::Options& database, const InstanceRemoval& removal,
                                        absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_REMOVE_INSTANCES_H_
