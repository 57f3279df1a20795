#include "services/ledger/storage/usage_books.h"

#include <cstdlib>

#include "services/common/status/status_macros.h"
#include "services/ledger/domain/entry_states.h"
#include "services/ledger/storage/authorized_usage.h"

namespace quartermaster::ledger {
namespace {

constexpr char kCopyEntries[] =
    "COPY ledger_entries (smart_account_id, recorded_at, change_id, effective_at, quantity,"
    " from_virtual_account_id, to_virtual_account_id, product_instance_id, cause_change_id,"
    " cause_place, place, tag_id, book, from_state, to_state) FROM STDIN (FORMAT binary)";
constexpr int16_t kEntryColumns = 15;

constexpr char kUpsertPools[] =
    "INSERT INTO license_pools AS p (smart_account_id, virtual_account_id, tag_id, in_use)"
    " SELECT smart_account_id, virtual_account_id, tag_id, in_use"
    " FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::bigint[])"
    " AS n (smart_account_id, virtual_account_id, tag_id, in_use)"
    " ON CONFLICT (smart_account_id, virtual_account_id, tag_id)"
    " DO UPDATE SET in_use = p.in_use + excluded.in_use WHERE excluded.in_use <> 0";

constexpr char kSelectFormerHomes[] =
    "SELECT product_instance_id, until_s, virtual_account_id FROM former_homes"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2) ORDER BY product_instance_id, until_s";

EntriesSeal SealOf(std::span<const UsageMovement> movements) {
  std::vector<EntryLeaf> entries;
  entries.reserve(movements.size());
  for (const UsageMovement& movement : movements) {
    entries.push_back(EntryOf(movement, static_cast<int32_t>(entries.size())));
  }
  return Seal(entries);
}

void AddRow(const EntryLeaf& entry, const ChangeRow& change, absl::Time recorded_at, pg::CopyBuffer& rows) {
  rows.StartRow(kEntryColumns);
  rows.Add(change.smart_account_id);
  rows.Add(recorded_at);
  rows.Add(change.change_id);
  rows.Add(absl::FromUnixMicros(entry.effective_at_us));
  rows.Add(entry.quantity);
  rows.Add(*entry.from_virtual_account_id);
  rows.Add(*entry.to_virtual_account_id);
  rows.Add(*entry.product_instance_id);
  if (entry.cause_change_id.has_value()) {
    rows.Add(*entry.cause_change_id);
    rows.Add(*entry.cause_place);
  } else {
    rows.AddNull();
    rows.AddNull();
  }
  rows.Add(entry.place);
  rows.Add(entry.tag_id);
  rows.Add(entry.book);
  rows.Add(entry.from_state);
  rows.Add(entry.to_state);
}

}  // namespace

EntryLeaf EntryOf(const UsageMovement& movement, int32_t place) {
  const bool more = movement.quantity > 0;
  const bool moves = movement.from_virtual_account_id != 0;
  const int64_t here = movement.virtual_account_id;
  const int64_t there = moves ? movement.from_virtual_account_id : here;
  const EntryState outside = moves ? EntryState::kInUse : EntryState::kUsageSource;
  EntryLeaf entry;
  entry.place = place;
  entry.book = static_cast<int16_t>(Book::kUsage);
  entry.tag_id = movement.tag_id;
  entry.quantity = std::abs(movement.quantity);
  entry.from_state = static_cast<int16_t>(more ? outside : EntryState::kInUse);
  entry.from_virtual_account_id = more ? there : here;
  entry.to_state = static_cast<int16_t>(more ? EntryState::kInUse : outside);
  entry.to_virtual_account_id = more ? here : there;
  entry.product_instance_id = movement.consumer_id;
  entry.effective_at_us = movement.effective_s * 1'000'000;
  if (movement.cause_change_id != 0) {
    entry.cause_change_id = movement.cause_change_id;
    entry.cause_place = movement.cause_place;
  }
  return entry;
}

void UsageBooks::Add(const UsageMovement& movement) {
  const auto moved = former_homes_.find(movement.consumer_id);
  if (moved == former_homes_.end()) return Append(movement);
  for (const HomeDelta& part :
       DivideByHome({movement.effective_s, movement.quantity}, moved->second, movement.virtual_account_id)) {
    UsageMovement at_home = movement;
    at_home.from_virtual_account_id = part.from_virtual_account_id;
    at_home.virtual_account_id = part.virtual_account_id;
    at_home.effective_s = part.delta.effective_s;
    Append(at_home);
  }
}

void UsageBooks::Append(const UsageMovement& movement) {
  movements_[movement.smart_account_id].push_back(movement);
  PoolKey pool{movement.smart_account_id, movement.virtual_account_id, movement.tag_id};
  pools_[pool] += movement.quantity;
  if (movement.from_virtual_account_id != 0) {
    pool.virtual_account_id = movement.from_virtual_account_id;
    pools_[pool] -= movement.quantity;
  }
  ++movement_count_;
}

absl::Status UsageBooks::LearnFormerHomes(pg::RawConnection& connection, int64_t smart_account_id,
                                          std::span<const int64_t> consumers) {
  if (consumers.empty()) return absl::OkStatus();
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(consumers);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectFormerHomes, params));
  for (const int64_t consumer : consumers) former_homes_.erase(consumer);
  for (int row = 0; row < rows.rows(); ++row) {
    former_homes_[rows.Int64(row, 0)].push_back({rows.Int64(row, 1), rows.Int64(row, 2)});
  }
  return absl::OkStatus();
}

absl::Status UsageBooks::Write(pg::RawConnection& connection, int32_t incarnation, const Head& head) {
  std::vector<ChangeRow> changes;
  for (const auto& [account, movements] : movements_) {
    changes.push_back({.smart_account_id = account,
                       .kind = head.kind,
                       .seal = SealOf(movements),
                       .actor = head.actor,
                       .request_id = head.request_id});
  }
  RETURN_IF_ERROR(InsertChanges(connection, incarnation, head.recorded_at, changes));
  RETURN_IF_ERROR(WriteEntries(connection, changes, head.recorded_at));
  RETURN_IF_ERROR(WritePools(connection));
  return SettleAuthorized(connection);
}

absl::Status UsageBooks::SettleAuthorized(pg::RawConnection& connection) {
  std::vector<PositionKey> keys = authorized_;
  for (const auto& [account, movements] : movements_) {
    for (const UsageMovement& movement : movements) {
      keys.push_back({account, movement.consumer_id, movement.tag_id});
    }
  }
  return SettleAuthorizedUsage(connection, keys);
}

absl::Status UsageBooks::WriteEntries(pg::RawConnection& connection, std::span<const ChangeRow> changes,
                                      absl::Time recorded_at) {
  if (movement_count_ == 0) return absl::OkStatus();
  pg::CopyBuffer rows;
  for (const ChangeRow& change : changes) {
    int32_t place = 0;
    for (const UsageMovement& movement : movements_.at(change.smart_account_id)) {
      AddRow(EntryOf(movement, place++), change, recorded_at, rows);
    }
  }
  return connection.CopyIn(kCopyEntries, rows);
}

absl::Status UsageBooks::WritePools(pg::RawConnection& connection) {
  if (pools_.empty()) return absl::OkStatus();
  std::vector<int64_t> accounts;
  std::vector<int64_t> virtual_accounts;
  std::vector<int32_t> tags;
  std::vector<int64_t> in_use;
  for (const auto& [pool, quantity] : pools_) {
    accounts.push_back(pool.smart_account_id);
    virtual_accounts.push_back(pool.virtual_account_id);
    tags.push_back(pool.tag_id);
    in_use.push_back(quantity);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(virtual_accounts);
  params.AddArray(tags);
  params.AddArray(in_use);
  return connection.Execute(kUpsertPools, params).status();
}

}  // namespace quartermaster::ledger
