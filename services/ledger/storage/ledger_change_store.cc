#include "services/ledger/storage/ledger_change_store.h"

#include <string_view>
#include <vector>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertChanges[] =
    "INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind, entry_count,"
    " entries_root, actor, request_id)"
    " SELECT smart_account_id, $1, $2, kind, entry_count, entries_root, actor, request_id"
    " FROM unnest($3::bigint[], $4::smallint[], $5::int[], $6::bytea[], $7::text[], $8::text[])"
    " AS c (smart_account_id, kind, entry_count, entries_root, actor, request_id)"
    " RETURNING smart_account_id, change_id";

}  // namespace

absl::Status InsertChanges(pg::RawConnection& connection, int32_t incarnation, absl::Time recorded_at,
                           std::span<ChangeRow> changes) {
  if (changes.empty()) return absl::OkStatus();
  std::vector<int64_t> accounts;
  std::vector<int16_t> kinds;
  std::vector<int32_t> entry_counts;
  std::vector<std::string_view> entries_roots;
  std::vector<std::string_view> actors;
  std::vector<std::string_view> request_ids;
  for (const ChangeRow& change : changes) {
    accounts.push_back(change.smart_account_id);
    kinds.push_back(static_cast<int16_t>(change.kind));
    entry_counts.push_back(change.seal.entry_count);
    entries_roots.push_back(View(change.seal.entries_root));
    actors.push_back(change.actor);
    request_ids.push_back(change.request_id);
  }
  pg::Params params;
  params.Add(incarnation);
  params.Add(recorded_at);
  params.AddArray(accounts);
  params.AddArray(kinds);
  params.AddArray(entry_counts);
  params.AddBytesArray(entries_roots);
  params.AddTextArray(actors);
  params.AddTextArray(request_ids);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kInsertChanges, params));
  for (int row = 0; row < result.rows(); ++row) {
    for (ChangeRow& change : changes) {
      if (change.smart_account_id == result.Int64(row, 0)) change.change_id = result.Int64(row, 1);
    }
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
