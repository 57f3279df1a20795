#include "services/ledger/storage/administration/joined_rights.h"

#include <vector>

#include "services/ledger/domain/authorization_life.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindJoined[] =
    "SELECT smart_account_id, product_instance_id FROM authorized_usage WHERE quantity = 0"
    " ORDER BY smart_account_id, product_instance_id LIMIT 1";
constexpr char kHomeOfLead[] =
    "SELECT l.virtual_account_id FROM product_instances p JOIN product_instances l"
    "  ON (l.smart_account_id, l.product_instance_id) = (p.smart_account_id, p.ha_lead_id)"
    " WHERE p.smart_account_id = $1 AND p.product_instance_id = $2";
// States 1 to 5: from the request until its code is replaced or returned.
constexpr char kLotsElsewhere[] =
    "SELECT o.lot_id, o.tag_id, o.virtual_account_id, a.state, sum(o.quantity)::bigint"
    " FROM authorizations a JOIN authorization_lots o USING (smart_account_id, authorization_id)"
    " WHERE a.smart_account_id = $1 AND a.product_instance_id = $2 AND a.state BETWEEN 1 AND 5"
    "  AND o.virtual_account_id <> $3 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";
constexpr char kMoveLots[] = R"sql(
  WITH moved AS (
    DELETE FROM authorization_lots o USING authorizations a
    WHERE (o.smart_account_id, o.authorization_id) = (a.smart_account_id, a.authorization_id)
      AND a.smart_account_id = $1 AND a.product_instance_id = $2 AND a.state BETWEEN 1 AND 5
      AND o.virtual_account_id <> $3
    RETURNING o.authorization_id, o.tag_id, o.lot_id, o.quantity)
  INSERT INTO authorization_lots AS o (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id,
    quantity)
  SELECT $1, authorization_id, tag_id, lot_id, $3, sum(quantity)::bigint FROM moved GROUP BY 2, 3, 4
  ON CONFLICT (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id)
  DO UPDATE SET quantity = o.quantity + excluded.quantity)sql";
constexpr char kMoveAuthorizations[] =
    "UPDATE authorizations SET virtual_account_id = $3 WHERE smart_account_id = $1"
    " AND product_instance_id = $2 AND state BETWEEN 1 AND 5 AND virtual_account_id <> $3";
constexpr char kForgetJoined[] =
    "DELETE FROM authorized_usage WHERE smart_account_id = $1 AND product_instance_id = $2 AND quantity = 0";

}  // namespace

std::optional<JoinedInstance> FindJoinedInstance(pqxx::transaction_base& transaction) {
  const pqxx::result rows = transaction.exec(kFindJoined);
  if (rows.empty()) return std::nullopt;
  return JoinedInstance{rows[0][0].as<int64_t>(), rows[0][1].as<int64_t>()};
}

void MoveJoinedRights(pqxx::transaction_base& transaction, const JoinedInstance& joined, const Act& act) {
  const auto [account, instance] = joined;
  const auto home = transaction.exec_params1(kHomeOfLead, account, instance)[0].as<int64_t>();
  std::vector<BookedMovement> movements;
  for (const auto& row : transaction.exec_params(kLotsElsewhere, account, instance, home)) {
    const EntryState state = RightsOf(static_cast<AuthorizationState>(row[3].as<int>()));
    movements.push_back({.movement = {.lot_id = row[0].as<int64_t>(),
                                      .tag_id = row[1].as<int32_t>(),
                                      .quantity = row[4].as<int64_t>(),
                                      .from = {state, row[2].as<int64_t>()},
                                      .to = {state, home}},
                         .effective_at = act.now});
  }
  if (!movements.empty()) {
    BookMovements(transaction, account, ChangeKind::kMove, movements, act);
    transaction.exec_params(kMoveLots, account, instance, home);
    transaction.exec_params(kMoveAuthorizations, account, instance, home);
  }
  transaction.exec_params(kForgetJoined, account, instance);
}

}  // namespace quartermaster::ledger
