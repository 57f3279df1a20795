// What consumers are authorised to use, beside what they report. Consumption of a consumer and tag is the
// greater of both; license_pools.in_use is what is reported, license_pools.reserved what is authorised beyond
// it. Whoever changes either side settles the difference under the lock of the usage books.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUTHORIZED_USAGE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUTHORIZED_USAGE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

// Parameters: Smart Accounts, consumers and tags, as arrays of equal length; a consumer and tag may be named
// twice. Needs their positions written. Shared with storage/administration.
extern const char kSettleAuthorizedUsage[];

// Settles those of the keys that anybody is authorised for. Where nobody is, it costs one look-up a tag.
absl::Status SettleAuthorizedUsage(pg::RawConnection& connection, std::span<const PositionKey> keys);

// The next of them in their order, at most so many; none at the end. Begin with {}.
absl::StatusOr<std::vector<PositionKey>> NextAuthorizedUsage(pg::RawConnection& connection,
                                                             const PositionKey& after, int limit);

// What consumers that have joined an HA set were authorised to use goes over to its lead. Returns what must
// be settled now.
absl::StatusOr<std::vector<PositionKey>> MoveAuthorizedUsage(pg::RawConnection& connection,
                                                             int64_t smart_account_id, int64_t lead_id,
                                                             std::span<const int64_t> leads_before);

// The same for those of the keys whose product instance is no lead any more: a replica of an earlier release
// joined it to a set without knowing of authorizations.
absl::StatusOr<std::vector<PositionKey>> MoveForgottenUsage(pg::RawConnection& connection,
                                                            std::span<const PositionKey> keys);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUTHORIZED_USAGE_H_
