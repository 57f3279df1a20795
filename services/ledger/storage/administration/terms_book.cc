#include "services/ledger/storage/administration/terms_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindAccount[] = R"sql(
  SELECT e.smart_account_id FROM entitlements e
  WHERE e.end_at <= $1::timestamptz
    AND EXISTS (SELECT FROM lot_balances b
                WHERE b.smart_account_id = e.smart_account_id AND b.lot_id = e.lot_id AND b.state = 2
                  AND b.quantity > 0)
  LIMIT 1)sql";

constexpr char kEndedQuantities[] = R"sql(
  SELECT b.lot_id, b.tag_id, b.virtual_account_id, b.quantity, (extract(epoch FROM e.end_at) * 1000000)::bigint
  FROM entitlements e
  JOIN lot_balances b ON b.smart_account_id = e.smart_account_id AND b.lot_id = e.lot_id AND b.state = 2
  WHERE e.smart_account_id = $1 AND e.end_at <= $2::timestamptz AND b.quantity > 0
  ORDER BY e.end_at, b.lot_id, b.virtual_account_id LIMIT $3)sql";
static_assert(static_cast<int>(EntryState::kAvailable) == 2);

constexpr char kFindLot[] = R"sql(
  SELECT e.lot_id, e.tag_id, e.term, (extract(epoch FROM e.start_at) * 1000000)::bigint,
         (extract(epoch FROM e.end_at) * 1000000)::bigint, t.tag, e.virtual_account_id,
         (SELECT coalesce(sum(b.quantity), 0)::bigint FROM lot_balances b
          WHERE b.smart_account_id = $1 AND b.tag_id = e.tag_id AND b.lot_id = e.lot_id AND b.state <> 1)
  FROM entitlements e JOIN license_tags t USING (tag_id)
  WHERE e.smart_account_id = $1 AND e.entitlement_id = $2)sql";

constexpr char kSetOrder[] = "UPDATE smart_accounts SET consumption_order = $2 WHERE smart_account_id = $1";

}  // namespace

std::optional<int64_t> AccountToExpire(pqxx::transaction_base& transaction, absl::Time now) {
  const pqxx::result account = transaction.exec_params(kFindAccount, TimeText(now));
  if (account.empty()) return std::nullopt;
  return account[0][0].as<int64_t>();
}

std::vector<BookedMovement> EndedQuantities(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            absl::Time now, int movements_max) {
  std::vector<BookedMovement> movements;
  for (const auto& row :
       transaction.exec_params(kEndedQuantities, smart_account_id, TimeText(now), movements_max)) {
    const int64_t virtual_account = row[2].as<int64_t>();
    movements.push_back({.movement = {.lot_id = row[0].as<int64_t>(),
                                      .tag_id = row[1].as<int32_t>(),
                                      .quantity = row[3].as<int64_t>(),
                                      .from = {EntryState::kAvailable, virtual_account},
                                      .to = {EntryState::kExpired, virtual_account}},
                         .effective_at = MicrosAt(row[4])});
  }
  return movements;
}

std::optional<PurchasedLot> FindLot(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                    const std::string& entitlement_id) {
  const pqxx::result found = transaction.exec_params(kFindLot, smart_account_id, entitlement_id);
  if (found.empty()) return std::nullopt;
  const pqxx::row& row = found[0];
  PurchasedLot lot;
  lot.lot = {.lot_id = row[0].as<int64_t>(),
             .tag_id = row[1].as<int32_t>(),
             .term = static_cast<Term>(row[2].as<int>()),
             .start_at = MicrosAt(row[3])};
  if (const auto end = OptionalMicrosAt(row[4])) lot.lot.end_at = *end;
  lot.tag = row[5].as<std::string>();
  lot.virtual_account_id = row[6].as<int64_t>();
  lot.quantity = row[7].as<int64_t>();
  return lot;
}

void SetConsumptionOrder(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         ConsumptionOrder order) {
  transaction.exec_params(kSetOrder, smart_account_id, static_cast<int>(order));
  StampRights(transaction, smart_account_id);
}

}  // namespace quartermaster::ledger
