#include "services/ledger/storage/administration/pool_query.h"

#include "services/common/policy/reporting_policy.h"
#include "services/ledger/storage/administration/authorized_query.h"
#include "services/ledger/storage/administration/instance_policies.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// The rules of pools_now.h, from the entries; $4 to $6: what is authorised beyond use, by pool.
constexpr char kPoolsAsOf[] = R"sql(
  WITH RECURSIVE account AS (
    SELECT virtual_account_id, CASE WHEN closed_at <= least($2::timestamptz, $3::timestamptz) THEN closed_into END
           AS closed_into
    FROM virtual_accounts WHERE smart_account_id = $1),
  heir AS (
    SELECT virtual_account_id AS bought_in, virtual_account_id, closed_into FROM account
    UNION ALL
    SELECT h.bought_in, a.virtual_account_id, a.closed_into
    FROM heir h JOIN account a ON a.virtual_account_id = h.closed_into),
  entry AS (
    SELECT * FROM ledger_entries
    WHERE smart_account_id = $1 AND effective_at <= $2::timestamptz AND recorded_at <= $3::timestamptz),
  side AS (
    SELECT book, to_virtual_account_id AS virtual_account_id, tag_id, lot_id, to_state AS state, quantity FROM entry
    UNION ALL
    SELECT book, from_virtual_account_id, tag_id, lot_id, from_state, -quantity FROM entry),
  lot AS (
    SELECT s.virtual_account_id, s.tag_id, s.lot_id, sum(s.quantity) AS quantity
    FROM side s WHERE s.book = 1 AND s.state IN (2, 3, 4, 5) GROUP BY 1, 2, 3),
  -- In force. What was moved before its start is a quantity without being a right yet.
  entitled AS (
    SELECT l.virtual_account_id, l.tag_id,
           coalesce(sum(l.quantity) FILTER (WHERE d.in_force), 0)::bigint AS quantity,
           coalesce(sum(e.overage_quantity)
                    FILTER (WHERE l.quantity > 0 AND l.virtual_account_id = h.virtual_account_id
                              AND d.in_force), 0)::bigint AS overage
    FROM lot l JOIN entitlements e ON (e.smart_account_id, e.lot_id) = ($1, l.lot_id)
    JOIN heir h ON h.bought_in = e.virtual_account_id AND h.closed_into IS NULL
    CROSS JOIN LATERAL (SELECT e.start_at <= $2::timestamptz
                               AND (e.end_at IS NULL OR e.end_at > $2::timestamptz) AS in_force) d
    GROUP BY 1, 2),
  used AS (
    SELECT virtual_account_id, tag_id, sum(quantity)::bigint AS in_use FROM side WHERE book = 2 AND state = 7 GROUP BY 1, 2),
  authorized AS (
    SELECT * FROM unnest($4::bigint[], $5::int[], $6::bigint[]) AS a (virtual_account_id, tag_id, beyond_use))
  SELECT virtual_account_id, tag_id, t.tag, t.display_name, t.known, coalesce(entitled.quantity, 0),
         coalesce(entitled.overage, 0), coalesce(used.in_use, 0), coalesce(authorized.beyond_use, 0)
  FROM entitled FULL JOIN used USING (virtual_account_id, tag_id)
  FULL JOIN authorized USING (virtual_account_id, tag_id)
  JOIN license_tags t USING (tag_id)
  ORDER BY virtual_account_id, t.tag)sql";

// The rule of common/policy/deadlines.h for many instances at once: one that ever reported is overdue
// when any position of its consumer has a deadline that has passed, and the position's class is in use.
// Its HA set is one consumer: what any member reported or had acknowledged counts for all. Under a merged
// policy a deadline has passed when it has under one of the members' policies, because all count from the
// same time; so nothing is merged here, only whether an acknowledgement is required.
// $3 to $5: first-report, ongoing and on-change days of policy n, class c at (n - 1) * 4 + c; $6: whether
// policy n requires acknowledgements; $7, $8: policy of a Virtual Account; $9, $10: policy of a policy id.
// OFFSET 0 keeps the planner from joining tags and instances first. Positions that use nothing matter
// only where another of their class does, so that look-up comes last.
#define CLASS_OF_TAG                                                 \
  "CASE WHEN t.enforcement = 3 THEN 4 WHEN t.enforcement = 2 THEN 3" \
  " WHEN t.known AND t.term = 1 THEN 1 ELSE 2 END"
constexpr char kCountInstances[] =
    "WITH use AS (SELECT u.product_instance_id, u.in_use, u.first_use_s, u.last_change_s,"
    "   u.open_change_s, c.class"
    "  FROM usage_positions u JOIN license_tags t USING (tag_id)"
    "  CROSS JOIN LATERAL (SELECT " CLASS_OF_TAG
    " AS class) c WHERE u.smart_account_id = $1 OFFSET 0),"
    " member AS (SELECT p.ha_lead_id, p.ha_lead_id = p.product_instance_id AS leads, p.last_acknowledged_at,"
    "   p.last_contact_at, CASE WHEN p.last_acknowledged_at IS NULL THEN home.number"
    "    WHEN p.delivered_policy_id IS NULL THEN 1 ELSE delivered.number END AS policy"
    "  FROM product_instances p"
    "  JOIN unnest($7::bigint[], $8::int[]) AS home (id, number) ON home.id = p.virtual_account_id"
    "  LEFT JOIN unnest($9::bigint[], $10::int[]) AS delivered (id, number)"
    "   ON delivered.id = p.delivered_policy_id"
    "  WHERE p.smart_account_id = $1),"
    // Most stand alone: only followers are gathered.
    " consumer AS (SELECT ha_lead_id, array_append(array_agg(policy) FILTER (WHERE NOT leads),"
    "    max(policy) FILTER (WHERE leads)) AS policies,"
    "   floor(extract(epoch FROM CASE WHEN bool_or(($6::bool[])[policy]) THEN max(last_acknowledged_at)"
    "    ELSE greatest(max(last_acknowledged_at), max(last_contact_at)) END))::bigint AS met_s"
    "  FROM member GROUP BY 1),"
    " overdue AS (SELECT DISTINCT c.ha_lead_id"
    "  FROM use JOIN consumer c ON c.ha_lead_id = use.product_instance_id"
    "  CROSS JOIN LATERAL unnest(c.policies) AS policy (number)"
    "  CROSS JOIN LATERAL (SELECT"
    "    ($3::int[])[(policy.number - 1) * 4 + use.class] * 86400::bigint AS first_report_s,"
    "    ($4::int[])[(policy.number - 1) * 4 + use.class] * 86400::bigint AS ongoing_s,"
    "    ($5::int[])[(policy.number - 1) * 4 + use.class] * 86400::bigint AS on_change_s,"
    "    CASE WHEN use.open_change_s > coalesce(c.met_s, 0)"
    "     THEN use.open_change_s ELSE use.last_change_s END AS change_s) rule"
    "  WHERE (rule.ongoing_s > 0 AND c.met_s + rule.ongoing_s < $2"
    "    OR rule.first_report_s > 0 AND c.met_s IS NULL AND use.first_use_s <> 0"
    "       AND use.first_use_s + rule.first_report_s < $2"
    "    OR rule.on_change_s > 0 AND rule.change_s > coalesce(c.met_s, 0)"
    "       AND rule.change_s + rule.on_change_s < $2)"
    "   AND (use.in_use > 0 OR EXISTS ("
    "     SELECT FROM usage_positions other JOIN license_tags t USING (tag_id)"
    "     WHERE other.smart_account_id = $1 AND other.product_instance_id = use.product_instance_id"
    "      AND other.in_use > 0 AND use.class = " CLASS_OF_TAG
    ")))"
    // Not WHERE: of a table without statistics the planner would think that hardly any row is left.
    " SELECT p.virtual_account_id, count(*) FILTER (WHERE p.removed_at IS NULL),"
    "  count(o.ha_lead_id) FILTER (WHERE p.first_contact_at IS NOT NULL AND p.removed_at IS NULL)"
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

// One count of every class of every policy.
std::string DaysOf(const std::vector<policy::ReportingPolicy>& policies, int policy::ReportingDays::*days) {
  std::vector<int64_t> values;
  for (const policy::ReportingPolicy& policy : policies) {
    for (const policy::ReportingDays& one : policy.days) values.push_back(one.*days);
  }
  return IntArray(values);
}

std::string RequiredBy(const std::vector<policy::ReportingPolicy>& policies) {
  std::vector<std::string> values;
  for (const policy::ReportingPolicy& policy : policies) {
    values.emplace_back(policy.acknowledgement_required ? "true" : "false");
  }
  return TextArray(values);
}

}  // namespace

std::vector<PoolFigures> ReadPoolsAsOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       absl::Time as_of, absl::Time known_at) {
  std::vector<int64_t> virtual_accounts, tags, quantities;
  for (const auto& [pool, quantity] :
       ReadAuthorizedBeyondUse(transaction, smart_account_id, {as_of, known_at})) {
    virtual_accounts.push_back(pool.virtual_account_id);
    tags.push_back(pool.tag_id);
    quantities.push_back(quantity);
  }
  return PoolsOf(transaction.exec_params(kPoolsAsOf, smart_account_id, TimeText(as_of), TimeText(known_at),
                                         IntArray(virtual_accounts), IntArray(tags), IntArray(quantities)));
}

std::map<int64_t, InstanceCounts> CountInstances(pqxx::transaction_base& transaction,
                                                 int64_t smart_account_id, absl::Time now) {
  std::map<int64_t, InstanceCounts> counts;
  const NumberedPolicies numbered = ReadNumberedPolicies(transaction, smart_account_id);
  for (const auto& row : transaction.exec_params(
           kCountInstances, smart_account_id, absl::ToUnixSeconds(now),
           DaysOf(numbered.policies, &policy::ReportingDays::first_report),
           DaysOf(numbered.policies, &policy::ReportingDays::ongoing),
           DaysOf(numbered.policies, &policy::ReportingDays::on_change), RequiredBy(numbered.policies),
           IntArray(numbered.virtual_account_ids), IntArray(numbered.home_numbers),
           IntArray(numbered.policy_ids), IntArray(numbered.delivered_numbers))) {
    counts[row[0].as<int64_t>()] = {row[1].as<int64_t>(), row[2].as<int64_t>()};
  }
  return counts;
}

}  // namespace quartermaster::ledger
