// Rows of usage_positions and usage_timeline_chunks. Read and written under the lock of the usage
// books (usage_lock.h).
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_POSITION_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_POSITION_STORE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

// Those that exist, without their chunks. `ledger.position_unreadable` when one cannot be read.
absl::StatusOr<std::vector<StoredPosition>> LoadPositions(pg::RawConnection& connection,
                                                          std::span<const PositionKey> keys);
// All tags of these consumers.
absl::StatusOr<std::vector<StoredPosition>> LoadPositionsOfConsumers(pg::RawConnection& connection,
                                                                     int64_t smart_account_id,
                                                                     std::span<const int64_t> consumers);
// Positions of a Smart Account with unverifiable points, after `after` in key order.
absl::StatusOr<std::vector<StoredPosition>> LoadUnverifiablePositions(pg::RawConnection& connection,
                                                                      const PositionKey& after,
                                                                      int32_t limit);

// Loads the chunks of each of these timelines that has any and has not loaded them.
absl::Status LoadChunks(pg::RawConnection& connection, std::span<StoredPosition* const> positions);

// Inserts or replaces the rows, and the chunks that changed.
absl::Status SavePositions(pg::RawConnection& connection, std::span<StoredPosition* const> positions);
// With their chunks.
absl::Status DeletePositions(pg::RawConnection& connection, std::span<const PositionKey> keys);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_USAGE_POSITION_STORE_H_
