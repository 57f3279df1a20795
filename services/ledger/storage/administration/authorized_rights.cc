#include "services/ledger/storage/administration/authorized_rights.h"

#include <algorithm>

#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/sql_values.h"
#include "services/ledger/storage/authorized_usage.h"

namespace quartermaster::ledger {
namespace {

constexpr char kFindAuthorizedInstance[] = R"sql(
  SELECT p.ha_lead_id, l.virtual_account_id FROM product_instances p
  JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
  WHERE p.smart_account_id = $1 AND p.product_instance_id = $2)sql";

// ledger_read_consumption: of one consumer and of its pools, whatever the license.
constexpr char kReadConsumption[] = R"sql(
  SELECT n.tag_id, coalesce(u.in_use, 0), coalesce(a.quantity, 0), coalesce(l.in_use + l.reserved, 0)
  FROM unnest($4::int[]) AS n (tag_id)
  LEFT JOIN usage_positions u ON (u.smart_account_id, u.product_instance_id, u.tag_id) = ($1, $2, n.tag_id)
  LEFT JOIN authorized_usage a ON (a.smart_account_id, a.product_instance_id, a.tag_id) = ($1, $2, n.tag_id)
  LEFT JOIN license_pools l ON (l.smart_account_id, l.virtual_account_id, l.tag_id) = ($1, $3, n.tag_id))sql";

// ledger_add_authorized_usage: to the consumers that the instances are part of now.
constexpr char kAddAuthorizedUsage[] = R"sql(
  WITH change AS (
    SELECT p.ha_lead_id AS product_instance_id, n.tag_id, min(l.virtual_account_id) AS virtual_account_id,
           sum(n.quantity)::bigint AS quantity
    FROM unnest($2::bigint[], $3::int[], $4::bigint[]) AS n (product_instance_id, tag_id, quantity)
    JOIN product_instances p ON (p.smart_account_id, p.product_instance_id) = ($1, n.product_instance_id)
    JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = ($1, p.ha_lead_id)
    GROUP BY 1, 2),
  less AS (
    UPDATE authorized_usage a SET quantity = a.quantity + c.quantity FROM change c
    WHERE (a.smart_account_id, a.product_instance_id, a.tag_id) = ($1, c.product_instance_id, c.tag_id)
      AND c.quantity < 0),
  more AS (
    INSERT INTO authorized_usage AS a (smart_account_id, product_instance_id, tag_id, virtual_account_id,
      quantity, excess)
    SELECT $1, product_instance_id, tag_id, virtual_account_id, quantity, 0 FROM change WHERE quantity > 0
    ON CONFLICT (smart_account_id, product_instance_id, tag_id)
    DO UPDATE SET quantity = a.quantity + excluded.quantity)
  SELECT product_instance_id, tag_id FROM change)sql";

constexpr char kForgetUnauthorized[] = R"sql(
  DELETE FROM authorized_usage a USING unnest($2::bigint[], $3::int[]) AS n (product_instance_id, tag_id)
  WHERE (a.smart_account_id, a.product_instance_id, a.tag_id) = ($1, n.product_instance_id, n.tag_id)
    AND a.quantity = 0 AND a.excess = 0)sql";

// ledger_mark_joined: a product instance that joined an HA set between the hold and here has its rights at
// its old home; jobs/move_joined_rights finds it by an empty row.
constexpr char kMarkJoined[] = R"sql(
  INSERT INTO authorized_usage (smart_account_id, product_instance_id, tag_id, virtual_account_id, quantity, excess)
  SELECT DISTINCT $1, p.product_instance_id, o.tag_id, l.virtual_account_id, 0, 0
  FROM product_instances p
  JOIN product_instances l ON (l.smart_account_id, l.product_instance_id) = ($1, p.ha_lead_id)
  JOIN authorizations a ON a.smart_account_id = $1 AND a.product_instance_id = p.product_instance_id
    AND a.state BETWEEN 1 AND 5
  JOIN authorization_lots o ON (o.smart_account_id, o.authorization_id) = ($1, a.authorization_id)
  WHERE p.smart_account_id = $1 AND p.product_instance_id = ANY ($2::bigint[])
    AND p.ha_lead_id <> p.product_instance_id AND o.virtual_account_id <> l.virtual_account_id
  ON CONFLICT (smart_account_id, product_instance_id, tag_id) DO NOTHING)sql";

std::vector<LotShare> SharesOf(const std::vector<RightsMovement>& moved) {
  std::vector<LotShare> shares;
  for (const RightsMovement& movement : moved) {
    shares.push_back({.pool = {movement.to.virtual_account_id, movement.tag_id},
                      .lot_id = movement.lot_id,
                      .quantity = movement.quantity});
  }
  return shares;
}

}  // namespace

AuthorizedRights::AuthorizedRights(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                   const Act& act)
    : transaction_(transaction), smart_account_id_(smart_account_id), act_(act) {
  LockRights(transaction_, smart_account_id_);
}

std::optional<AuthorizedInstance> AuthorizedRights::FindInstance(int64_t product_instance_id) {
  const pqxx::result rows =
      transaction_.exec_params(kFindAuthorizedInstance, smart_account_id_, product_instance_id);
  if (rows.empty()) return std::nullopt;
  return AuthorizedInstance{product_instance_id, rows[0][0].as<int64_t>(), rows[0][1].as<int64_t>()};
}

RightsBook AuthorizedRights::Read(const std::vector<LotShare>& shares) {
  std::set<RightsPool> pools;
  for (const LotShare& share : shares) pools.insert(share.pool);
  return ReadRights(transaction_, smart_account_id_, pools);
}

void AuthorizedRights::Book(ChangeKind kind, const std::vector<RightsMovement>& moved) {
  if (moved.empty()) return;
  std::vector<BookedMovement> booked;
  for (const RightsMovement& movement : moved) booked.push_back({movement, act_.now});
  BookMovements(transaction_, smart_account_id_, kind, booked, act_);
}

AuthorizedRights::HoldResult AuthorizedRights::Hold(const AuthorizedInstance& instance,
                                                    const std::vector<WantedTag>& wanted) {
  std::vector<HoldLine> lines;
  std::set<RightsPool> pools;
  std::vector<int64_t> tags;
  for (const WantedTag& tag : wanted) {
    const RightsPool pool{instance.virtual_account_id, tag.tag_id};
    pools.insert(pool);
    tags.push_back(tag.tag_id);
    lines.push_back({.pool = pool, .quantity = tag.quantity, .consumes_more = tag.quantity});
  }
  RightsBook book = ReadRights(transaction_, smart_account_id_, pools);
  for (const auto& row : transaction_.exec_params(kReadConsumption, smart_account_id_, instance.consumer_id,
                                                  instance.virtual_account_id, IntArray(tags))) {
    const auto tag_id = row[0].as<int32_t>();
    const auto in_use = row[1].as<int64_t>(), authorized = row[2].as<int64_t>();
    book.SetConsumed({instance.virtual_account_id, tag_id}, row[3].as<int64_t>());
    for (HoldLine& line : lines) {
      if (line.pool.tag_id != tag_id) continue;
      line.consumes_more = std::max(in_use, authorized + line.quantity) - std::max(in_use, authorized);
    }
  }
  std::vector<RightsMovement> moved;
  if (const auto shortage = book.Hold(lines, act_.now, moved)) return {{}, shortage};
  Book(ChangeKind::kHold, moved);
  for (const WantedTag& tag : wanted) {
    authorized_[{instance.product_instance_id, tag.tag_id}] += tag.quantity;
  }
  return {SharesOf(moved), std::nullopt};
}

std::optional<Shortage> AuthorizedRights::Commit(const std::vector<LotShare>& shares) {
  RightsBook book = Read(shares);
  std::vector<RightsMovement> moved;
  if (const auto shortage = book.Commit(shares, act_.now, moved)) return shortage;
  Book(ChangeKind::kGrant, moved);
  return std::nullopt;
}

std::optional<Shortage> AuthorizedRights::Free(int64_t product_instance_id,
                                               const std::vector<LotShare>& shares, ChangeKind kind) {
  const bool is_hold = kind == ChangeKind::kHoldCancelled;
  RightsBook book = Read(shares);
  std::vector<RightsMovement> moved;
  const auto shortage =
      is_hold ? book.CancelHold(shares, act_.now, moved) : book.Return(shares, act_.now, moved);
  if (shortage.has_value()) return shortage;
  Book(kind, moved);
  for (const LotShare& share : shares)
    authorized_[{product_instance_id, share.pool.tag_id}] -= share.quantity;
  return std::nullopt;
}

std::optional<Shortage> AuthorizedRights::CancelHold(int64_t product_instance_id,
                                                     const std::vector<LotShare>& shares) {
  return Free(product_instance_id, shares, ChangeKind::kHoldCancelled);
}

std::optional<Shortage> AuthorizedRights::Return(int64_t product_instance_id,
                                                 const std::vector<LotShare>& shares, ChangeKind kind) {
  return Free(product_instance_id, shares, kind);
}

void AuthorizedRights::Settle() {
  std::vector<int64_t> instances, tags, quantities;
  for (const auto& [key, quantity] : authorized_) {
    if (quantity == 0) continue;
    instances.push_back(key.first);
    tags.push_back(key.second);
    quantities.push_back(quantity);
  }
  authorized_.clear();
  if (instances.empty()) return;
  LockInstances(transaction_, act_.now);
  std::vector<int64_t> accounts, consumers, consumer_tags;
  for (const auto& row : transaction_.exec_params(kAddAuthorizedUsage, smart_account_id_, IntArray(instances),
                                                  IntArray(tags), IntArray(quantities))) {
    accounts.push_back(smart_account_id_);
    consumers.push_back(row[0].as<int64_t>());
    consumer_tags.push_back(row[1].as<int64_t>());
  }
  transaction_.exec_params(kSettleAuthorizedUsage, IntArray(accounts), IntArray(consumers),
                           IntArray(consumer_tags));
  transaction_.exec_params(kForgetUnauthorized, smart_account_id_, IntArray(consumers),
                           IntArray(consumer_tags));
  transaction_.exec_params(kMarkJoined, smart_account_id_, IntArray(instances));
}

}  // namespace quartermaster::ledger
