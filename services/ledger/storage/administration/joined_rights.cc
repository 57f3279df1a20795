#include "services/ledger/storage/administration/joined_rights.h"

#include <string>
#include <vector>

#include "services/ledger/domain/authorization_life.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindJoined[] =
    "SELECT smart_account_id, product_instance_id FROM authorized_usage WHERE quantity = 0"
    " ORDER BY smart_account_id, product_instance_id LIMIT $1";
// Home of the lead, and the members, the lead too.
constexpr char kSetOf[] = R"sql(
  WITH lead AS (
    SELECT l.product_instance_id, l.virtual_account_id
    FROM product_instances p
    JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
    WHERE p.smart_account_id = $1 AND p.product_instance_id = $2)
  SELECT lead.virtual_account_id, m.product_instance_id
  FROM lead JOIN product_instances m ON m.smart_account_id = $1 AND m.ha_lead_id = lead.product_instance_id
    AND m.ha_lead_id <> m.product_instance_id
  UNION ALL
  SELECT virtual_account_id, product_instance_id FROM lead)sql";
// States 1 to 5: from the request until its code is replaced or returned.
constexpr char kLotsElsewhere[] =
    "SELECT o.lot_id, o.tag_id, o.virtual_account_id, a.state, sum(o.quantity)::bigint"
    " FROM authorizations a JOIN authorization_lots o USING (smart_account_id, authorization_id)"
    " WHERE a.smart_account_id = $1 AND a.product_instance_id = ANY ($2::bigint[]) AND a.state BETWEEN 1 AND "
    "5"
    "  AND o.virtual_account_id <> $3 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";
constexpr char kMoveLots[] = R"sql(
  WITH moved AS (
    DELETE FROM authorization_lots o USING authorizations a
    WHERE (o.smart_account_id, o.authorization_id) = (a.smart_account_id, a.authorization_id)
      AND a.smart_account_id = $1 AND a.product_instance_id = ANY ($2::bigint[])
      AND a.state BETWEEN 1 AND 5
      AND o.virtual_account_id <> $3
    RETURNING o.authorization_id, o.tag_id, o.lot_id, o.quantity)
  INSERT INTO authorization_lots AS o (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id,
    quantity)
  SELECT $1, authorization_id, tag_id, lot_id, $3, sum(quantity)::bigint FROM moved GROUP BY 2, 3, 4
  ON CONFLICT (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id)
  DO UPDATE SET quantity = o.quantity + excluded.quantity)sql";
constexpr char kMoveAuthorizations[] =
    "UPDATE authorizations SET virtual_account_id = $3 WHERE smart_account_id = $1"
    " AND product_instance_id = ANY ($2::bigint[]) AND state BETWEEN 1 AND 5 AND virtual_account_id <> $3";
constexpr char kForgetJoined[] =
    "DELETE FROM authorized_usage WHERE smart_account_id = $1 AND product_instance_id = ANY ($2::bigint[])"
    " AND quantity = 0";

}  // namespace

std::vector<JoinedInstance> FindJoinedInstances(pqxx::transaction_base& transaction, int limit) {
  std::vector<JoinedInstance> joined;
  for (const auto& row : transaction.exec_params(kFindJoined, limit)) {
    joined.push_back({row[0].as<int64_t>(), row[1].as<int64_t>()});
  }
  return joined;
}

void MoveJoinedRights(pqxx::transaction_base& transaction, const JoinedInstance& joined, const Act& act) {
  const int64_t account = joined.smart_account_id;
  int64_t home = 0;
  std::vector<int64_t> ids;
  for (const auto& row : transaction.exec_params(kSetOf, account, joined.product_instance_id)) {
    home = row[0].as<int64_t>();
    ids.push_back(row[1].as<int64_t>());
  }
  const std::string members = IntArray(ids);
  std::vector<BookedMovement> movements;
  for (const auto& row : transaction.exec_params(kLotsElsewhere, account, members, home)) {
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
    transaction.exec_params(kMoveLots, account, members, home);
  }
  transaction.exec_params(kMoveAuthorizations, account, members, home);
  transaction.exec_params(kForgetJoined, account, members);
}

}  // namespace quartermaster::ledger
