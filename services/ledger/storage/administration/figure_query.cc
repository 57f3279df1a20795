#include "services/ledger/storage/administration/figure_query.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// A purchase, and a correction of what has not begun, are effective from the start on; before it they say
// what is pending. Everything else counts from when it is effective.
constexpr char kLotFigures[] = R"sql(
  WITH entry AS (
    SELECT l.*
    FROM ledger_entries l JOIN entitlements e USING (smart_account_id, lot_id)
    WHERE l.smart_account_id = $1 AND l.book = 1 AND l.recorded_at <= $5::timestamptz
      AND (l.effective_at <= $4::timestamptz
           OR (l.from_state = 1 OR l.to_state = 1) AND l.effective_at <= e.start_at)),
  side AS (
    SELECT to_virtual_account_id AS virtual_account_id, lot_id, to_state AS state, quantity FROM entry
    UNION ALL
    SELECT from_virtual_account_id, lot_id, from_state, -quantity FROM entry),
  lot AS (
    SELECT virtual_account_id, lot_id,
           coalesce(sum(quantity) FILTER (WHERE state = 2), 0)::bigint AS available,
           coalesce(sum(quantity) FILTER (WHERE state = 3), 0)::bigint AS held,
           coalesce(sum(quantity) FILTER (WHERE state = 4), 0)::bigint AS reserved,
           coalesce(sum(quantity) FILTER (WHERE state = 5), 0)::bigint AS expired
    FROM side WHERE state <> 1 GROUP BY 1, 2)
  SELECT l.virtual_account_id, l.lot_id, e.tag_id, e.term, (extract(epoch FROM e.start_at) * 1000000)::bigint,
         (extract(epoch FROM e.end_at) * 1000000)::bigint, e.entitlement_id, t.tag, l.available, l.held,
         l.reserved, l.expired
  FROM lot l JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, l.lot_id)
  JOIN license_tags t USING (tag_id)
  WHERE ($2::bigint = 0 OR l.virtual_account_id = $2) AND ($3::text = '' OR t.tag = $3)
    AND (l.available, l.held, l.reserved, l.expired) <> (0, 0, 0, 0)
  ORDER BY l.virtual_account_id, t.tag, l.lot_id)sql";

constexpr char kUse[] = R"sql(
  WITH side AS (
    SELECT to_virtual_account_id AS virtual_account_id, tag_id, to_state AS state, quantity, effective_at, recorded_at
    FROM ledger_entries WHERE smart_account_id = $1 AND book = 2
    UNION ALL
    SELECT from_virtual_account_id, tag_id, from_state, -quantity, effective_at, recorded_at
    FROM ledger_entries WHERE smart_account_id = $1 AND book = 2)
  SELECT virtual_account_id, tag_id, sum(quantity)::bigint
  FROM side JOIN license_tags t USING (tag_id)
  WHERE state = 7 AND effective_at <= $4::timestamptz AND recorded_at <= $5::timestamptz
    AND ($2::bigint = 0 OR virtual_account_id = $2) AND ($3::text = '' OR t.tag = $3)
  GROUP BY 1, 2)sql";

constexpr char kUseOfConsumer[] = R"sql(
  WITH side AS (
    SELECT to_virtual_account_id AS virtual_account_id, tag_id, to_state AS state, quantity, effective_at, recorded_at
    FROM ledger_entries WHERE smart_account_id = $1 AND book = 2 AND product_instance_id = $2
    UNION ALL
    SELECT from_virtual_account_id, tag_id, from_state, -quantity, effective_at, recorded_at
    FROM ledger_entries WHERE smart_account_id = $1 AND book = 2 AND product_instance_id = $2)
  SELECT virtual_account_id, t.tag, t.display_name, sum(quantity)::bigint
  FROM side JOIN license_tags t USING (tag_id)
  WHERE state = 7 AND effective_at <= $3::timestamptz AND recorded_at <= $4::timestamptz
  GROUP BY 1, 2, 3 ORDER BY 2, 1)sql";

LotStatus StatusAt(const Lot& lot, absl::Time as_of) {
  if (as_of < lot.start_at) return LotStatus::kPending;
  return as_of < lot.end_at ? LotStatus::kActive : LotStatus::kExpired;
}

LotFigure FigureOf(const pqxx::row& row, absl::Time as_of) {
  LotFigure figure;
  figure.virtual_account_id = row[0].as<int64_t>();
  figure.lot = {.lot_id = row[1].as<int64_t>(),
                .tag_id = row[2].as<int32_t>(),
                .term = static_cast<Term>(row[3].as<int>()),
                .start_at = MicrosAt(row[4])};
  if (const auto end = OptionalMicrosAt(row[5])) figure.lot.end_at = *end;
  figure.entitlement_id = row[6].as<std::string>();
  figure.tag = row[7].as<std::string>();
  figure.available = row[8].as<int64_t>();
  figure.held = row[9].as<int64_t>();
  figure.reserved = row[10].as<int64_t>();
  figure.expired = row[11].as<int64_t>();
  figure.status = StatusAt(figure.lot, as_of);
  if (figure.status == LotStatus::kExpired) {
    figure.expired += figure.available;
    figure.available = 0;
  }
  return figure;
}

}  // namespace

std::vector<LotFigure> ReadLotFigures(pqxx::transaction_base& transaction, const LotFigureFilter& filter,
                                      const FigureTimes& times) {
  std::vector<LotFigure> figures;
  for (const auto& row :
       transaction.exec_params(kLotFigures, filter.smart_account_id, filter.virtual_account_id.value_or(0),
                               filter.tag, TimeText(times.as_of), TimeText(times.known_at))) {
    figures.push_back(FigureOf(row, times.as_of));
  }
  return figures;
}

std::map<RightsPool, int64_t> ReadUse(pqxx::transaction_base& transaction, const LotFigureFilter& filter,
                                      const FigureTimes& times) {
  std::map<RightsPool, int64_t> in_use;
  for (const auto& row :
       transaction.exec_params(kUse, filter.smart_account_id, filter.virtual_account_id.value_or(0),
                               filter.tag, TimeText(times.as_of), TimeText(times.known_at))) {
    in_use[{row[0].as<int64_t>(), row[1].as<int32_t>()}] = row[2].as<int64_t>();
  }
  return in_use;
}

std::vector<UseFigure> ReadUseOfConsumer(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         int64_t consumer_id, const FigureTimes& times) {
  std::vector<UseFigure> figures;
  for (const auto& row : transaction.exec_params(kUseOfConsumer, smart_account_id, consumer_id,
                                                 TimeText(times.as_of), TimeText(times.known_at))) {
    figures.push_back(
        {row[0].as<int64_t>(), row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<int64_t>()});
  }
  return figures;
}

}  // namespace quartermaster::ledger
