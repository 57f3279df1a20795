#include "services/ledger/storage/authorized_usage.h"

#include <set>
#include <utility>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {

// ledger_settle_authorized_usage: what was counted leaves the pool where it was, what counts now comes to the
// pool of the consumer's home.
const char kSettleAuthorizedUsage[] = R"sql(
  WITH wanted AS (
    SELECT DISTINCT smart_account_id, product_instance_id, tag_id
    FROM unnest($1::bigint[], $2::bigint[], $3::int[]) AS n (smart_account_id, product_instance_id, tag_id)),
  figure AS (
    SELECT a.smart_account_id, a.product_instance_id, a.tag_id, a.virtual_account_id AS counted_in,
           a.excess AS counted, p.virtual_account_id, greatest(0, a.quantity - coalesce(u.in_use, 0)) AS excess
    FROM wanted
    JOIN authorized_usage a USING (smart_account_id, product_instance_id, tag_id)
    JOIN product_instances p USING (smart_account_id, product_instance_id)
    LEFT JOIN usage_positions u USING (smart_account_id, product_instance_id, tag_id)),
  changed AS (
    SELECT * FROM figure WHERE (counted_in, counted) IS DISTINCT FROM (virtual_account_id, excess)),
  kept AS (
    UPDATE authorized_usage a SET virtual_account_id = c.virtual_account_id, excess = c.excess FROM changed c
    WHERE (a.smart_account_id, a.product_instance_id, a.tag_id)
        = (c.smart_account_id, c.product_instance_id, c.tag_id)),
  side AS (
    SELECT smart_account_id, virtual_account_id, tag_id, excess AS quantity FROM changed
    UNION ALL
    SELECT smart_account_id, counted_in, tag_id, -counted FROM changed)
  INSERT INTO license_pools AS p (smart_account_id, virtual_account_id, tag_id, reserved)
  SELECT smart_account_id, virtual_account_id, tag_id, sum(quantity)::bigint FROM side
  GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0 ORDER BY 1, 2, 3
  ON CONFLICT (smart_account_id, virtual_account_id, tag_id)
  DO UPDATE SET reserved = p.reserved + excluded.reserved)sql";

namespace {

// ledger_find_authorized_tags
constexpr char kFindAuthorizedTags[] = R"sql(
  SELECT n.smart_account_id, n.tag_id FROM unnest($1::bigint[], $2::int[]) AS n (smart_account_id, tag_id)
  WHERE EXISTS (SELECT FROM authorized_usage a
                WHERE a.smart_account_id = n.smart_account_id AND a.tag_id = n.tag_id))sql";

// ledger_move_authorized_usage: the row of one that no longer is a consumer stays, with nothing.
constexpr char kMoveAuthorizedUsage[] = R"sql(
  WITH former AS (
    SELECT * FROM authorized_usage
    WHERE smart_account_id = $1 AND product_instance_id = ANY ($3::bigint[]) AND product_instance_id <> $2
      AND quantity > 0),
  emptied AS (
    UPDATE authorized_usage a SET quantity = 0 FROM former f
    WHERE (a.smart_account_id, a.product_instance_id, a.tag_id)
        = (f.smart_account_id, f.product_instance_id, f.tag_id)),
  added AS (
    INSERT INTO authorized_usage AS a (smart_account_id, product_instance_id, tag_id, virtual_account_id,
      quantity, excess)
    SELECT $1, $2, tag_id, min(virtual_account_id), sum(quantity)::bigint, 0 FROM former GROUP BY tag_id
    ON CONFLICT (smart_account_id, product_instance_id, tag_id)
    DO UPDATE SET quantity = a.quantity + excluded.quantity)
  SELECT product_instance_id, tag_id FROM former)sql";

// ledger_next_authorized_usage
constexpr char kNextAuthorizedUsage[] = R"sql(
  SELECT smart_account_id, product_instance_id, tag_id FROM authorized_usage
  WHERE (smart_account_id, product_instance_id, tag_id) > ($1, $2, $3)
  ORDER BY smart_account_id, product_instance_id, tag_id LIMIT $4)sql";

// ledger_find_forgotten_usage
constexpr char kFindForgotten[] = R"sql(
  SELECT DISTINCT p.smart_account_id, p.ha_lead_id, p.product_instance_id
  FROM unnest($1::bigint[], $2::bigint[]) AS n (smart_account_id, product_instance_id)
  JOIN product_instances p USING (smart_account_id, product_instance_id)
  JOIN authorized_usage a USING (smart_account_id, product_instance_id)
  WHERE p.ha_lead_id <> p.product_instance_id AND a.quantity > 0 ORDER BY 1, 2, 3)sql";

using AccountTag = std::pair<int64_t, int32_t>;

absl::StatusOr<std::set<AccountTag>> FindAuthorizedTags(pg::RawConnection& connection,
                                                        std::span<const PositionKey> keys) {
  std::set<AccountTag> asked, found;
  for (const PositionKey& key : keys) asked.emplace(key.smart_account_id, key.tag_id);
  std::vector<int64_t> accounts;
  std::vector<int32_t> tags;
  for (const auto& [account, tag] : asked) {
    accounts.push_back(account);
    tags.push_back(tag);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(tags);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kFindAuthorizedTags, params));
  for (int row = 0; row < result.rows(); ++row) found.emplace(result.Int64(row, 0), result.Int32(row, 1));
  return found;
}

}  // namespace

absl::Status SettleAuthorizedUsage(pg::RawConnection& connection, std::span<const PositionKey> keys) {
  if (keys.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::set<AccountTag> authorized, FindAuthorizedTags(connection, keys));
  if (authorized.empty()) return absl::OkStatus();
  std::vector<int64_t> accounts, consumers;
  std::vector<int32_t> tags;
  for (const PositionKey& key : keys) {
    if (!authorized.contains({key.smart_account_id, key.tag_id})) continue;
    accounts.push_back(key.smart_account_id);
    consumers.push_back(key.consumer_id);
    tags.push_back(key.tag_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(consumers);
  params.AddArray(tags);
  return connection.Execute(kSettleAuthorizedUsage, params).status();
}

absl::StatusOr<std::vector<PositionKey>> NextAuthorizedUsage(pg::RawConnection& connection,
                                                             const PositionKey& after, int limit) {
  pg::Params params;
  params.Add(after.smart_account_id);
  params.Add(after.consumer_id);
  params.Add(after.tag_id);
  params.Add(limit);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kNextAuthorizedUsage, params));
  std::vector<PositionKey> keys;
  for (int row = 0; row < result.rows(); ++row) {
    keys.push_back({result.Int64(row, 0), result.Int64(row, 1), result.Int32(row, 2)});
  }
  return keys;
}

absl::StatusOr<std::vector<PositionKey>> MoveAuthorizedUsage(pg::RawConnection& connection,
                                                             int64_t smart_account_id, int64_t lead_id,
                                                             std::span<const int64_t> leads_before) {
  pg::Params params;
  params.Add(smart_account_id);
  params.Add(lead_id);
  params.AddArray(leads_before);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kMoveAuthorizedUsage, params));
  std::vector<PositionKey> keys;
  for (int row = 0; row < result.rows(); ++row) {
    keys.push_back({smart_account_id, result.Int64(row, 0), result.Int32(row, 1)});
    keys.push_back({smart_account_id, lead_id, result.Int32(row, 1)});
  }
  return keys;
}

absl::StatusOr<std::vector<PositionKey>> MoveForgottenUsage(pg::RawConnection& connection,
                                                            std::span<const PositionKey> keys) {
  std::vector<int64_t> accounts, consumers;
  for (const PositionKey& key : keys) {
    accounts.push_back(key.smart_account_id);
    consumers.push_back(key.consumer_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(consumers);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kFindForgotten, params));
  std::vector<PositionKey> moved;
  for (int row = 0; row < result.rows(); ++row) {
    const int64_t former = result.Int64(row, 2);
    ASSIGN_OR_RETURN(
        const std::vector<PositionKey> keys_of_one,
        MoveAuthorizedUsage(connection, result.Int64(row, 0), result.Int64(row, 1), {&former, 1}));
    moved.insert(moved.end(), keys_of_one.begin(), keys_of_one.end());
  }
  return moved;
}

}  // namespace quartermaster::ledger
