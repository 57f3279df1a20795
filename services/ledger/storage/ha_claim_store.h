// Rows of ha_claims: who named whom as a member of its HA set. Under the lock of the usage books
// (usage_lock.h).
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_HA_CLAIM_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_HA_CLAIM_STORE_H_

#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

struct HaClaim {
  int64_t product_instance_id = 0;
  UdiText named;
  auto operator<=>(const HaClaim&) const = default;
};

// Keeps the claims of product instances of one Smart Account; returns those that are new.
absl::StatusOr<std::vector<HaClaim>> InsertHaClaims(pg::RawConnection& connection, int64_t smart_account_id,
                                                    const std::vector<HaClaim>& claims);

// Of these claims the ones that are mutual, as pairs of product instances: the named one is known in the
// same Smart Account, and named the claimer too.
absl::StatusOr<std::vector<std::pair<int64_t, int64_t>>> FindMutualClaims(pg::RawConnection& connection,
                                                                          int64_t smart_account_id,
                                                                          const std::vector<HaClaim>& claims);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_HA_CLAIM_STORE_H_
