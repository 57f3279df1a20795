#include "services/ledger/storage/administration/pool_query.h"

#include "services/common/policy/default_policy.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// Rights: available, held and reserved all are entitled; a lot counts from its start until its end. Its
// overage stays with the Virtual Account that bought it, as long as any of the lot is there.
constexpr char kPoolsNow[] = R"sql(
  WITH lot AS (
    SELECT virtual_account_id, tag_id, lot_id, sum(quantity) AS quantity
    FROM lot_balances WHERE smart_account_id = $1 AND state IN (2, 3, 4) GROUP BY 1, 2, 3),
  entitled AS (
    SELECT l.virtual_account_id, l.tag_id, sum(l.quantity)::bigint AS quantity,
           coalesce(sum(e.overage_quantity)
                    FILTER (WHERE l.quantity > 0 AND l.virtual_account_id = e.virtual_account_id), 0)::bigint AS overage
    FROM lot l JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, l.lot_id)
    WHERE e.start_at <= $2::timestamptz AND (e.end_at IS NULL OR e.end_at > $2::timestamptz)
    GROUP BY 1, 2),
  -- A pool whose lots all ended still is one.
  owned AS (SELECT DISTINCT virtual_account_id, tag_id FROM lot_balances WHERE smart_account_id = $1),
  used AS (SELECT virtual_account_id, tag_id, in_use, reserved FROM license_pools WHERE smart_account_id = $1)
  SELECT virtual_account_id, tag_id, t.tag, t.display_name, t.known, coalesce(entitled.quantity, 0),
         coalesce(entitled.overage, 0), coalesce(used.in_use, 0), coalesce(used.reserved, 0)
  FROM owned FULL JOIN used USING (virtual_account_id, tag_id)
  LEFT JOIN entitled USING (virtual_account_id, tag_id)
  JOIN license_tags t USING (tag_id)
  ORDER BY virtual_account_id, t.tag)sql";

constexpr char kPoolsAsOf[] = R"sql(
  WITH entry AS (
    SELECT * FROM ledger_entries
    WHERE smart_account_id = $1 AND effective_at <= $2::timestamptz AND recorded_at <= $3::timestamptz),
  side AS (
    SELECT book, to_virtual_account_id AS virtual_account_id, tag_id, lot_id, to_state AS state, quantity FROM entry
    UNION ALL
    SELECT book, from_virtual_account_id, tag_id, lot_id, from_state, -quantity FROM entry),
  lot AS (
    SELECT s.virtual_account_id, s.tag_id, s.lot_id, sum(s.quantity) AS quantity
    FROM side s WHERE s.book = 1 AND s.state IN (2, 3, 4) GROUP BY 1, 2, 3),
  entitled AS (
    SELECT l.virtual_account_id, l.tag_id,
           coalesce(sum(l.quantity) FILTER (WHERE e.end_at IS NULL OR e.end_at > $2::timestamptz), 0)::bigint AS quantity,
           coalesce(sum(e.overage_quantity)
                    FILTER (WHERE l.quantity > 0 AND l.virtual_account_id = e.virtual_account_id
                              AND (e.end_at IS NULL OR e.end_at > $2::timestamptz)), 0)::bigint AS overage
    FROM lot l JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, l.lot_id) GROUP BY 1, 2),
  used AS (
    SELECT virtual_account_id, tag_id, sum(quantity)::bigint AS in_use FROM side WHERE book = 2 AND state = 7 GROUP BY 1, 2)
  SELECT virtual_account_id, tag_id, t.tag, t.display_name, t.known, coalesce(entitled.quantity, 0),
         coalesce(entitled.overage, 0), coalesce(used.in_use, 0), 0::bigint
  FROM entitled FULL JOIN used USING (virtual_account_id, tag_id)
  JOIN license_tags t USING (tag_id)
  ORDER BY virtual_account_id, t.tag)sql";

// The rule of domain/reporting_policy.h for many instances at once: one that ever reported is
// overdue when any position of its consumer has a deadline that has passed, and the position's class is in
// use; its HA set is acknowledged when any member is. $3 to $5:
// first-report, ongoing and on-change days by license class. OFFSET 0 keeps the planner from joining
// tags and instances first. Positions that use nothing matter only where another of their class
// does, so that look-up comes last.
#define CLASS_OF_TAG                                                 \
  "CASE WHEN t.enforcement = 3 THEN 4 WHEN t.enforcement = 2 THEN 3" \
  " WHEN t.known AND t.term = 1 THEN 1 ELSE 2 END"
constexpr char kCountInstances[] =
    "WITH use AS (SELECT u.product_instance_id, u.in_use, u.first_use_s, u.last_change_s,"
    "   u.open_change_s, c.class,"
    "   ($3::int[])[c.class] * 86400::bigint AS first_report_s, ($4::int[])[c.class] * 86400::bigint AS "
    "ongoing_s,"
    "   ($5::int[])[c.class] * 86400::bigint AS on_change_s"
    "  FROM usage_positions u JOIN license_tags t USING (tag_id)"
    "  CROSS JOIN LATERAL (SELECT " CLASS_OF_TAG
    " AS class) c WHERE u.smart_account_id = $1 OFFSET 0),"
    " consumer AS (SELECT ha_lead_id, floor(extract(epoch FROM max(last_acknowledged_at)))::bigint AS acked_s"
    "  FROM product_instances WHERE smart_account_id = $1 GROUP BY 1),"
    " overdue AS (SELECT DISTINCT c.ha_lead_id"
    "  FROM use JOIN consumer c ON c.ha_lead_id = use.product_instance_id"
    "  CROSS JOIN LATERAL (SELECT CASE WHEN use.open_change_s > coalesce(c.acked_s, 0)"
    "    THEN use.open_change_s ELSE use.last_change_s END AS change_s) change"
    "  WHERE (use.ongoing_s > 0 AND c.acked_s + use.ongoing_s < $2"
    "    OR use.first_report_s > 0 AND c.acked_s IS NULL AND use.first_use_s <> 0"
    "       AND use.first_use_s + use.first_report_s < $2"
    "    OR use.on_change_s > 0 AND change_s > coalesce(c.acked_s, 0)"
    "       AND change_s + use.on_change_s < $2)"
    "   AND (use.in_use > 0 OR EXISTS ("
    "     SELECT FROM usage_positions other JOIN license_tags t USING (tag_id)"
    "     WHERE other.smart_account_id = $1 AND other.product_instance_id = use.product_instance_id"
    "      AND other.in_use > 0 AND use.class = " CLASS_OF_TAG
    ")))"
    " SELECT p.virtual_account_id, count(*),"
    "  count(o.ha_lead_id) FILTER (WHERE p.first_contact_at IS NOT NULL)"
    " FROM product_instances p LEFT JOIN overdue o ON o.ha_lead_id = p.ha_lead_id"
    " WHERE p.smart_account_id = $1 GROUP BY 1";
#undef CLASS_OF_TAG

std::vector<PoolFigures> PoolsOf(const pqxx::result& rows) {
  std::vector<PoolFigures> pools;
  for (const auto& row : rows) {
    PoolFigures pool;
    pool.virtual_account_id = row[0].as<int64_t>();
    pool.tag_id = row[1].as<int32_t>();
    pool.tag = row[2].as<std::string>();
    pool.display_name = row[3].as<std::string>();
    pool.known = row[4].as<bool>();
    pool.entitled = row[5].as<int64_t>();
    pool.overage_quantity = row[6].as<int64_t>();
    pool.in_use = row[7].as<int64_t>();
    pool.reserved = row[8].as<int64_t>();
    pools.push_back(std::move(pool));
  }
  return pools;
}

std::string DaysByClass(int policy::ReportingDays::*days) {
  std::vector<int64_t> values;
  for (const policy::ReportingDays& one : policy::kDefaultReportingDays) values.push_back(one.*days);
  return IntArray(values);
}

}  // namespace

std::vector<PoolFigures> ReadPoolsNow(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      absl::Time now) {
  return PoolsOf(transaction.exec_params(kPoolsNow, smart_account_id, TimeText(now)));
}

std::vector<PoolFigures> ReadPoolsAsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       absl::Time as_of, absl::Time known_at) {
  return PoolsOf(transaction.exec_params(kPoolsAsOf, smart_account_id, TimeText(as_of), TimeText(known_at)));
}

std::map<int64_t, InstanceCounts> CountInstances(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id, absl::Time now) {
  std::map<int64_t, InstanceCounts> counts;
  for (const auto& row : transaction.exec_params(kCountInstances, smart_account_id, absl::ToUnixSeconds(now),
                                                 DaysByClass(&policy::ReportingDays::first_report),
                                                 DaysByClass(&policy::ReportingDays::ongoing),
                                                 DaysByClass(&policy::ReportingDays::on_change))) {
    counts[row[0].as<int64_t>()] = {row[1].as<int64_t>(), row[2].as<int64_t>()};
  }
  return counts;
}

}  // namespace quartermaster::ledger
