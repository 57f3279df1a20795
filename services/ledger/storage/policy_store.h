// Rows of unverifiable_policies.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_POLICY_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_POLICY_STORE_H_

#include <cstdint>
#include <map>
#include <span>

#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/domain/unverifiable_policy.h"

namespace quartermaster::ledger {

// Of each of these Smart Accounts.
absl::StatusOr<std::map<int64_t, UnverifiablePolicy>> LoadPolicies(
    pg::RawConnection& connection, std::span<const int64_t> smart_account_ids);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_POLICY_STORE_H_
