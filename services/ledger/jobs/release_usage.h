// Ends the use of stale positions, or of one tag of a product instance: movements from now on.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_RELEASE_USAGE_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_RELEASE_USAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/product_instance_store.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

struct UsageRelease {
  int64_t smart_account_id = 0;
  // Absent = every stale position of the Smart Account.
  std::optional<UdiText> udi;
  // One tag of that instance, stale or not; empty = its stale ones.
  std::string tag;
  std::string actor;
  std::string request_id;
};

// How many positions were released. `ledger.product_instance_unknown`. Repeating it changes nothing:
// what is released has nothing in use. Large accounts take several transactions.
absl::StatusOr<int64_t> ReleaseUsage(const pg::Options& database, const UsageRelease& release,
                                     absl::Time now);

struct ReleaseAct {
  int64_t smart_account_id = 0;
  std::string actor;
  std::string request_id;
  // Full method name, and what the audit says of it: a JSON object.
  std::string method;
  std::string audit;
  absl::Time now;
  // From when on nothing is in use; absent = now.
  std::optional<absl::Time> effective_at = std::nullopt;
};
// Within a transaction that holds the lock of the usage books: ends the use of these positions, as one
// change.
absl::Status ReleasePositions(pg::RawConnection& connection, const std::vector<PositionKey>& keys,
                              int32_t incarnation, const ReleaseAct& act);

// Every stale position of every Smart Account, where the operator wants that to happen by itself.
absl::StatusOr<int64_t> ReleaseStaleUsage(const pg::Options& database, absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_RELEASE_USAGE_H_
