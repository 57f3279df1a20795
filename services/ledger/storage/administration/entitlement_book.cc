#include "services/ledger/storage/administration/entitlement_book.h"

#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define ENTITLEMENT_COLUMNS                                                                                \
  "e.entitlement_id, e.virtual_account_id, t.tag, e.quantity, e.overage_quantity, e.term,"                 \
  " (extract(epoch FROM e.start_at) * 1000000)::bigint, (extract(epoch FROM e.end_at) * 1000000)::bigint," \
  " e.subscription_id, e.order_id"

constexpr char kFindEntitlements[] = "SELECT " ENTITLEMENT_COLUMNS
                                     " FROM entitlements e JOIN license_tags t USING (tag_id)"
                                     " WHERE e.smart_account_id = $1 AND e.entitlement_id = ANY ($2::text[])";
constexpr char kListEntitlements[] =
    "SELECT " ENTITLEMENT_COLUMNS
    " FROM entitlements e JOIN license_tags t USING (tag_id)"
    " WHERE e.smart_account_id = $1 AND e.entitlement_id > $2 AND ($3 = 0 OR e.virtual_account_id = $3)"
    "  AND ($4 = '' OR t.tag = $4) ORDER BY e.entitlement_id LIMIT $5";

constexpr char kReserveLots[] = "SELECT nextval('entitlements_lot_id_seq') FROM generate_series(1, $1)";

constexpr char kInsertLots[] = R"sql(
  INSERT INTO entitlements (lot_id, smart_account_id, entitlement_id, virtual_account_id, tag_id, quantity,
    overage_quantity, term, start_at, end_at, subscription_id, order_id, recorded_at)
  OVERRIDING SYSTEM VALUE
  SELECT lot_id, $1, entitlement_id, virtual_account_id, tag_id, quantity, overage_quantity, term, start_at,
    end_at, subscription_id, order_id, $2::timestamptz
  FROM unnest($3::text[], $4::bigint[], $5::int[], $6::bigint[], $7::bigint[], $8::smallint[],
              $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[])
    WITH ORDINALITY
    AS p (entitlement_id, virtual_account_id, tag_id, quantity, overage_quantity, term, start_at, end_at,
          subscription_id, order_id, lot_id, place)
  ORDER BY place)sql";

std::vector<int64_t> ReserveLots(pqxx::transaction_base& transaction, size_t count) {
  std::vector<int64_t> ids;
  for (const auto& row : transaction.exec_params(kReserveLots, static_cast<int64_t>(count))) {
    ids.push_back(row[0].as<int64_t>());
  }
  return ids;
}

// A right is there from its start on.
std::vector<BookedMovement> MovementsOf(const std::vector<PurchasedEntitlement>& purchases,
                                        const std::vector<int64_t>& lots,
                                        const std::map<std::string, int32_t>& ids_of_tags) {
  std::vector<BookedMovement> movements;
  for (const PurchasedEntitlement& purchase : purchases) {
    movements.push_back({.movement = {.lot_id = lots[movements.size()],
                                      .tag_id = ids_of_tags.at(purchase.tag),
                                      .quantity = purchase.quantity,
                                      .from = {EntryState::kSource, 0},
                                      .to = {EntryState::kAvailable, purchase.virtual_account_id}},
                         .effective_at = purchase.start_at});
  }
  return movements;
}

PurchasedEntitlement EntitlementOf(const pqxx::row& row) {
  PurchasedEntitlement entitlement;
  entitlement.entitlement_id = row[0].as<std::string>();
  entitlement.virtual_account_id = row[1].as<int64_t>();
  entitlement.tag = row[2].as<std::string>();
  entitlement.quantity = row[3].as<int64_t>();
  entitlement.overage_quantity = row[4].as<int64_t>();
  entitlement.term = row[5].as<int>();
  entitlement.start_at = MicrosAt(row[6]);
  entitlement.end_at = OptionalMicrosAt(row[7]);
  entitlement.subscription_id = row[8].as<std::string>();
  entitlement.order_id = row[9].as<std::string>();
  return entitlement;
}

}  // namespace

std::map<std::string, PurchasedEntitlement> FindEntitlements(
    pqxx::transaction_base& transaction, int64_t smart_account_id,
    const std::vector<std::string>& entitlement_ids) {
  std::map<std::string, PurchasedEntitlement> found;
  for (const auto& row :
       transaction.exec_params(kFindEntitlements, smart_account_id, TextArray(entitlement_ids))) {
    found.emplace(row[0].as<std::string>(), EntitlementOf(row));
  }
  return found;
}

void BookPurchases(pqxx::transaction_base& transaction, int64_t smart_account_id,
                   const std::vector<PurchasedEntitlement>& purchases, const Act& act) {
  std::vector<std::string> ids, tags, subscription_ids, order_ids;
  std::vector<int64_t> virtual_accounts, tag_ids, quantities, overages, terms;
  std::vector<std::optional<absl::Time>> starts, ends;
  for (const PurchasedEntitlement& purchase : purchases) tags.push_back(purchase.tag);
  const std::map<std::string, int32_t> ids_of_tags = EnsureTagIds(transaction, tags, act.now);
  for (const PurchasedEntitlement& purchase : purchases) {
    ids.push_back(purchase.entitlement_id);
    virtual_accounts.push_back(purchase.virtual_account_id);
    tag_ids.push_back(ids_of_tags.at(purchase.tag));
    quantities.push_back(purchase.quantity);
    overages.push_back(purchase.overage_quantity);
    terms.push_back(purchase.term);
    starts.push_back(purchase.start_at);
    ends.push_back(purchase.end_at);
    subscription_ids.push_back(purchase.subscription_id);
    order_ids.push_back(purchase.order_id);
  }
  const std::vector<int64_t> lots = ReserveLots(transaction, purchases.size());
  transaction.exec_params(kInsertLots, smart_account_id, TimeText(act.now), TextArray(ids),
                          IntArray(virtual_accounts), IntArray(tag_ids), IntArray(quantities),
                          IntArray(overages), IntArray(terms), TimeArray(starts), TimeArray(ends),
                          TextArray(subscription_ids), TextArray(order_ids), IntArray(lots));
  BookMovements(transaction, smart_account_id, ChangeKind::kPurchase,
                MovementsOf(purchases, lots, ids_of_tags), act);
}

std::vector<PurchasedEntitlement> ListEntitlements(pqxx::transaction_base& transaction,
                                                   const EntitlementFilter& filter) {
  std::vector<PurchasedEntitlement> entitlements;
  for (const auto& row :
       transaction.exec_params(kListEntitlements, filter.smart_account_id, filter.after_entitlement_id,
                               filter.virtual_account_id.value_or(0), filter.tag, filter.limit)) {
    entitlements.push_back(EntitlementOf(row));
  }
  return entitlements;
}

}  // namespace quartermaster::ledger
