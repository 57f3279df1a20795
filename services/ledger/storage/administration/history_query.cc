#include "services/ledger/storage/administration/history_query.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// In the order of the primary key, backwards: a page ends as soon as it is full.
constexpr char kHistory[] = R"sql(
  SELECT (extract(epoch FROM l.recorded_at) * 1000000)::bigint, l.change_id, l.place,
         (extract(epoch FROM l.effective_at) * 1000000)::bigint, c.kind, l.from_state, l.to_state, c.actor,
         c.request_id, c.reverses_change_id, t.tag, l.quantity, coalesce(l.from_virtual_account_id, 0),
         coalesce(l.to_virtual_account_id, 0), coalesce(e.entitlement_id, ''), p.udi_pid, p.udi_sn,
         l.cause_change_id, coalesce(l.cause_place, 0)
  FROM ledger_entries l
  JOIN ledger_changes c ON (c.smart_account_id, c.change_id) = (l.smart_account_id, l.change_id)
  JOIN license_tags t ON t.tag_id = l.tag_id
  LEFT JOIN entitlements e ON (e.smart_account_id, e.lot_id) = (l.smart_account_id, l.lot_id)
  LEFT JOIN product_instances p
    ON (p.smart_account_id, p.product_instance_id) = (l.smart_account_id, l.product_instance_id)
  WHERE l.smart_account_id = $1
    AND (l.recorded_at, l.change_id, l.place) < ($2::timestamptz, $3::bigint, $4::int)
    AND l.recorded_at >= $5::timestamptz
    AND ($6::bigint = 0 OR l.from_virtual_account_id = $6 OR l.to_virtual_account_id = $6)
    AND ($7::int = 0 OR l.tag_id = $7)
    AND ($8::bigint = 0 OR l.lot_id = $8)
    AND ($9::bigint = 0 OR l.product_instance_id = $9)
    AND ($10::int = 0 OR c.kind = $10)
    AND ($11::bigint = 0 OR l.change_id = $11)
  ORDER BY l.recorded_at DESC, l.change_id DESC, l.place DESC LIMIT $12)sql";

constexpr char kRecordingOf[] = R"sql(
  SELECT (extract(epoch FROM recorded_at) * 1000000)::bigint FROM ledger_changes
  WHERE smart_account_id = $1 AND change_id = $2)sql";

HistoryRow RowOf(const pqxx::row& row) {
  HistoryRow entry;
  entry.at = {MicrosAt(row[0]), row[1].as<int64_t>(), row[2].as<int32_t>()};
  entry.effective_at = MicrosAt(row[3]);
  entry.kind = row[4].as<int>();
  entry.from_state = row[5].as<int>();
  entry.to_state = row[6].as<int>();
  entry.actor = row[7].as<std::string>();
  entry.request_id = row[8].as<std::string>();
  if (!row[9].is_null()) entry.reverses_change_id = row[9].as<int64_t>();
  entry.tag = row[10].as<std::string>();
  entry.quantity = row[11].as<int64_t>();
  entry.from_virtual_account_id = row[12].as<int64_t>();
  entry.to_virtual_account_id = row[13].as<int64_t>();
  entry.entitlement_id = row[14].as<std::string>();
  if (!row[15].is_null()) entry.consumer = UdiText{row[15].as<std::string>(), row[16].as<std::string>()};
  if (!row[17].is_null()) entry.cause_change_id = row[17].as<int64_t>();
  entry.cause_place = row[18].as<int32_t>();
  return entry;
}

}  // namespace

std::vector<HistoryRow> ReadHistory(pqxx::transaction_base& transaction, const HistoryFilter& filter) {
  std::vector<HistoryRow> entries;
  for (const auto& row : transaction.exec_params(
           kHistory, filter.smart_account_id, TimeText(filter.before.recorded_at), filter.before.change_id,
           filter.before.place, TimeText(filter.recorded_from), filter.virtual_account_id, filter.tag_id,
           filter.lot_id, filter.consumer_id, filter.kind, filter.change_id, filter.limit)) {
    entries.push_back(RowOf(row));
  }
  return entries;
}

std::optional<absl::Time> RecordingOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      int64_t change_id) {
  const pqxx::result found = transaction.exec_params(kRecordingOf, smart_account_id, change_id);
  if (found.empty()) return std::nullopt;
  return MicrosAt(found[0][0]);
}

}  // namespace quartermaster::ledger
