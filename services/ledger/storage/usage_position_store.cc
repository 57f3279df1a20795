#include "services/ledger/storage/usage_position_store.h"

#include <map>
#include <string_view>

#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/position_rows.h"

namespace quartermaster::ledger {
namespace {

#define QM_POSITION_COLUMNS                                                                     \
  "SELECT p.smart_account_id, p.product_instance_id, p.tag_id, p.virtual_account_id, p.in_use," \
  " p.latest_end_s, p.latest_report_id, p.latest_place, p.latest_product_instance_id, p.flags," \
  " p.first_use_s, p.last_change_s, p.chunk_count, p.points, p.coverage, p.open_change_s FROM "

constexpr char kSelectPositions[] = QM_POSITION_COLUMNS
    "unnest($1::bigint[], $2::bigint[], $3::int[])"
    " AS wanted (smart_account_id, product_instance_id, tag_id)"
    " JOIN usage_positions p ON p.smart_account_id = wanted.smart_account_id"
    " AND p.product_instance_id = wanted.product_instance_id AND p.tag_id = wanted.tag_id";

constexpr char kSelectPositionsOfConsumers[] = QM_POSITION_COLUMNS
    "usage_positions p WHERE p.smart_account_id = $1 AND p.product_instance_id = ANY ($2)"
    " ORDER BY p.product_instance_id, p.tag_id";

// 16: has unverifiable points.
constexpr char kSelectUnverifiablePositions[] = QM_POSITION_COLUMNS
    "usage_positions p WHERE p.smart_account_id = $1"
    " AND (p.product_instance_id, p.tag_id) > ($2, $3) AND p.flags & 16 <> 0"
    " ORDER BY p.product_instance_id, p.tag_id LIMIT $4";

#undef QM_POSITION_COLUMNS

constexpr char kSelectChunks[] =
    "SELECT c.smart_account_id, c.product_instance_id, c.tag_id, c.points"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[])"
    " AS wanted (smart_account_id, product_instance_id, tag_id)"
    " JOIN usage_timeline_chunks c ON c.smart_account_id = wanted.smart_account_id"
    " AND c.product_instance_id = wanted.product_instance_id AND c.tag_id = wanted.tag_id"
    " ORDER BY c.smart_account_id, c.product_instance_id, c.tag_id, c.chunk";

constexpr char kDeleteChunks[] =
    "DELETE FROM usage_timeline_chunks c"
    " USING unnest($1::bigint[], $2::bigint[], $3::int[])"
    " AS gone (smart_account_id, product_instance_id, tag_id)"
    " WHERE c.smart_account_id = gone.smart_account_id"
    " AND c.product_instance_id = gone.product_instance_id AND c.tag_id = gone.tag_id";

constexpr char kDeletePositions[] =
    "DELETE FROM usage_positions p"
    " USING unnest($1::bigint[], $2::bigint[], $3::int[])"
    " AS gone (smart_account_id, product_instance_id, tag_id)"
    " WHERE p.smart_account_id = gone.smart_account_id"
    " AND p.product_instance_id = gone.product_instance_id AND p.tag_id = gone.tag_id";

absl::StatusOr<std::vector<StoredPosition>> ReadPositions(const pg::Result& result) {
  std::vector<StoredPosition> positions;
  positions.reserve(result.rows());
  for (int row = 0; row < result.rows(); ++row) {
    const PositionKey key{result.Int64(row, 0), result.Int64(row, 1), result.Int32(row, 2)};
    const int32_t flags = result.Int32(row, 9);
    UsageTimeline::Stored stored;
    stored.consumer_id = key.consumer_id;
    stored.position = {.in_use = result.Int64(row, 4),
                       .latest_end_s = result.Int64(row, 5),
                       .latest_report_id = result.Int64(row, 6),
                       .latest_place = result.Int32(row, 7),
                       .latest_product_instance_id = result.Int64(row, 8),
                       .clock_suspect = (flags & kPositionClockSuspect) != 0,
                       .unverifiable = (flags & kPositionUnverifiable) != 0,
                       .not_counted = (flags & kPositionNotCounted) != 0,
                       .has_gap = (flags & kPositionHasGap) != 0,
                       .has_unverifiable = (flags & kPositionHasUnverifiable) != 0,
                       .first_use_s = result.Int64(row, 10),
                       .last_change_s = result.Int64(row, 11),
                       .open_change_s = result.Int64(row, 15)};
    stored.chunk_count = result.Int32(row, 12);
    stored.points = result.Bytes(row, 13);
    stored.coverage = result.Bytes(row, 14);
    StoredPosition position{.key = key,
                            .virtual_account_id = result.Int64(row, 3),
                            .suspect_arrived = (flags & kPositionSuspectArrived) != 0,
                            .timeline = UsageTimeline(key.consumer_id)};
    if (!UsageTimeline::Restore(stored, position.timeline)) {
      return PositionUnreadable(key.consumer_id, key.tag_id);
    }
    positions.push_back(std::move(position));
  }
  return positions;
}

void AddKeys(std::span<const PositionKey> keys, pg::Params& params) {
  std::vector<int64_t> accounts;
  std::vector<int64_t> consumers;
  std::vector<int32_t> tags;
  for (const PositionKey& key : keys) {
    accounts.push_back(key.smart_account_id);
    consumers.push_back(key.consumer_id);
    tags.push_back(key.tag_id);
  }
  params.AddArray(accounts);
  params.AddArray(consumers);
  params.AddArray(tags);
}

}  // namespace

absl::StatusOr<std::vector<StoredPosition>> LoadPositions(pg::RawConnection& connection,
                                                          std::span<const PositionKey> keys) {
  pg::Params params;
  AddKeys(keys, params);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectPositions, params));
  return ReadPositions(result);
}

absl::StatusOr<std::vector<StoredPosition>> LoadPositionsOfConsumers(pg::RawConnection& connection,
                                                                     int64_t smart_account_id,
                                                                     std::span<const int64_t> consumers) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(consumers);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectPositionsOfConsumers, params));
  return ReadPositions(result);
}

absl::StatusOr<std::vector<StoredPosition>> LoadUnverifiablePositions(pg::RawConnection& connection,
                                                                      const PositionKey& after,
                                                                      int32_t limit) {
  pg::Params params;
  params.Add(after.smart_account_id);
  params.Add(after.consumer_id);
  params.Add(after.tag_id);
  params.Add(int64_t{limit});
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectUnverifiablePositions, params));
  return ReadPositions(result);
}

absl::Status LoadChunks(pg::RawConnection& connection, std::span<StoredPosition* const> positions) {
  std::vector<PositionKey> keys;
  for (const StoredPosition* position : positions) {
    if (!position->timeline.loaded()) keys.push_back(position->key);
  }
  if (keys.empty()) return absl::OkStatus();
  pg::Params params;
  AddKeys(keys, params);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectChunks, params));
  std::map<PositionKey, std::vector<std::string_view>> chunks;
  for (int row = 0; row < result.rows(); ++row) {
    chunks[{result.Int64(row, 0), result.Int64(row, 1), result.Int32(row, 2)}].push_back(
        result.Bytes(row, 3));
  }
  for (StoredPosition* position : positions) {
    if (position->timeline.loaded()) continue;
    if (!position->timeline.LoadChunks(chunks[position->key])) {
      return PositionUnreadable(position->key.consumer_id, position->key.tag_id);
    }
  }
  return absl::OkStatus();
}

absl::Status SavePositions(pg::RawConnection& connection, std::span<StoredPosition* const> positions) {
  if (positions.empty()) return absl::OkStatus();
  PositionRows rows;
  rows.Reserve(positions.size());
  for (StoredPosition* position : positions) rows.Add(*position);
  return rows.Write(connection);
}

absl::Status DeletePositions(pg::RawConnection& connection, std::span<const PositionKey> keys) {
  if (keys.empty()) return absl::OkStatus();
  pg::Params params;
  AddKeys(keys, params);
  RETURN_IF_ERROR(connection.Execute(kDeleteChunks, params).status());
  return connection.Execute(kDeletePositions, params).status();
}

}  // namespace quartermaster::ledger
