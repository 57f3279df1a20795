#include "services/ledger/storage/position_rows.h"

#include <string_view>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kUpsertPositions[] =
    "INSERT INTO usage_positions AS p (smart_account_id, product_instance_id, tag_id,"
    " virtual_account_id, in_use, latest_end_s, latest_report_id, latest_place,"
    " latest_product_instance_id, flags, first_use_s, last_change_s, open_change_s,"
    " chunk_count, points, coverage)"
    " SELECT smart_account_id, product_instance_id, tag_id, virtual_account_id, in_use,"
    " latest_end_s, latest_report_id, latest_place, latest_product_instance_id, flags, first_use_s,"
    " last_change_s, open_change_s, chunk_count, points, coverage"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[],"
    " $7::bigint[], $8::int[], $9::bigint[], $10::int[], $11::bigint[], $12::bigint[], $13::int[],"
    " $14::bytea[], $15::bytea[], $16::bigint[]) AS n (smart_account_id, product_instance_id, tag_id,"
    " virtual_account_id, in_use, latest_end_s, latest_report_id, latest_place,"
    " latest_product_instance_id, flags, first_use_s, last_change_s, chunk_count, points,"
    " coverage, open_change_s)"
    " ON CONFLICT (smart_account_id, product_instance_id, tag_id) DO UPDATE SET"
    " virtual_account_id = excluded.virtual_account_id, in_use = excluded.in_use,"
    " latest_end_s = excluded.latest_end_s, latest_report_id = excluded.latest_report_id,"
    " latest_place = excluded.latest_place,"
    " latest_product_instance_id = excluded.latest_product_instance_id, flags = excluded.flags,"
    " first_use_s = excluded.first_use_s, last_change_s = excluded.last_change_s,"
    " open_change_s = excluded.open_change_s,"
    " chunk_count = excluded.chunk_count, points = excluded.points, coverage = excluded.coverage";

constexpr char kUpsertChunks[] =
    "INSERT INTO usage_timeline_chunks (smart_account_id, product_instance_id, tag_id, chunk,"
    " points)"
    " SELECT smart_account_id, product_instance_id, tag_id, chunk, points"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bytea[])"
    " AS n (smart_account_id, product_instance_id, tag_id, chunk, points)"
    " ON CONFLICT (smart_account_id, product_instance_id, tag_id, chunk)"
    " DO UPDATE SET points = excluded.points";

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

int32_t FlagsOf(const StoredPosition& stored) {
  const UsagePosition& position = stored.timeline.position();
  return (position.clock_suspect ? kPositionClockSuspect : 0) |
         (position.unverifiable ? kPositionUnverifiable : 0) |
         (position.not_counted ? kPositionNotCounted : 0) | (position.has_gap ? kPositionHasGap : 0) |
         (position.has_unverifiable ? kPositionHasUnverifiable : 0) |
         (stored.suspect_arrived ? kPositionSuspectArrived : 0);
}

}  // namespace

void PositionRows::Reserve(size_t rows) {
  for (auto* column : {&accounts_, &consumers_, &virtual_accounts_, &in_use_, &latest_ends_, &latest_reports_,
                       &latest_instances_, &first_uses_, &last_changes_, &open_changes_}) {
    column->reserve(rows);
  }
  for (auto* column : {&tags_, &latest_places_, &flags_, &chunk_counts_}) column->reserve(rows);
  points_.reserve(rows);
  coverages_.reserve(rows);
}

void PositionRows::Add(StoredPosition& stored) {
  std::vector<UsageTimeline::Chunk> chunks;
  stored.timeline.Store(points_.emplace_back(), coverages_.emplace_back(), chunks);
  const UsagePosition& position = stored.timeline.position();
  accounts_.push_back(stored.key.smart_account_id);
  consumers_.push_back(stored.key.consumer_id);
  tags_.push_back(stored.key.tag_id);
  virtual_accounts_.push_back(stored.virtual_account_id);
  in_use_.push_back(position.in_use);
  latest_ends_.push_back(position.latest_end_s);
  latest_reports_.push_back(position.latest_report_id);
  latest_places_.push_back(position.latest_place);
  latest_instances_.push_back(position.latest_product_instance_id);
  flags_.push_back(FlagsOf(stored));
  first_uses_.push_back(position.first_use_s);
  last_changes_.push_back(position.last_change_s);
  open_changes_.push_back(position.open_change_s);
  chunk_counts_.push_back(stored.timeline.chunk_count());
  for (UsageTimeline::Chunk& chunk : chunks) {
    chunk_accounts_.push_back(stored.key.smart_account_id);
    chunk_consumers_.push_back(stored.key.consumer_id);
    chunk_tags_.push_back(stored.key.tag_id);
    chunk_numbers_.push_back(chunk.number);
    chunk_points_.push_back(std::move(chunk.points));
  }
}

absl::Status PositionRows::Write(pg::RawConnection& connection) const {
  RETURN_IF_ERROR(WritePositions(connection));
  return WriteChunks(connection);
}

absl::Status PositionRows::WritePositions(pg::RawConnection& connection) const {
  pg::Params params;
  params.AddArray(accounts_);
  params.AddArray(consumers_);
  params.AddArray(tags_);
  params.AddArray(virtual_accounts_);
  params.AddArray(in_use_);
  params.AddArray(latest_ends_);
  params.AddArray(latest_reports_);
  params.AddArray(latest_places_);
  params.AddArray(latest_instances_);
  params.AddArray(flags_);
  params.AddArray(first_uses_);
  params.AddArray(last_changes_);
  params.AddArray(chunk_counts_);
  params.AddBytesArray(Views(points_));
  params.AddBytesArray(Views(coverages_));
  params.AddArray(open_changes_);
  return connection.Execute(kUpsertPositions, params).status();
}

absl::Status PositionRows::WriteChunks(pg::RawConnection& connection) const {
  if (chunk_numbers_.empty()) return absl::OkStatus();
  pg::Params params;
  params.AddArray(chunk_accounts_);
  params.AddArray(chunk_consumers_);
  params.AddArray(chunk_tags_);
  params.AddArray(chunk_numbers_);
  params.AddBytesArray(Views(chunk_points_));
  return connection.Execute(kUpsertChunks, params).status();
}

}  // namespace quartermaster::ledger
