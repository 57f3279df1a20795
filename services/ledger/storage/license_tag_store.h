// Rows of license_tags for the hot path: numbers of tags, made where they are missing.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_LICENSE_TAG_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_LICENSE_TAG_STORE_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// The number of each tag. Those that are not there are added with known = false, in the order of
// their names, as every writer of this table does (no deadlocks).
absl::StatusOr<absl::flat_hash_map<std::string, int32_t>> TagIdsOf(pg::RawConnection& connection,
                                                                   const std::set<std::string>& tags,
                                                                   absl::Time now);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_LICENSE_TAG_STORE_H_
