#include "services/ledger/storage/administration/authorized_query.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

// Authorizations take effect when they are recorded. A code and the one that replaces it stand on the greater
// of both, as long as neither has ended; a reservation (kinds 2 and 3) stands beside them. A consumer is the
// HA set that the product instance is part of today.
constexpr char kBeyondUse[] = R"sql(
  WITH live AS (
    SELECT a.product_instance_id, n.tag_id, max(n.quantity) AS quantity
    FROM authorizations a JOIN authorization_lines n USING (smart_account_id, authorization_id)
    WHERE a.smart_account_id = $1 AND a.requested_at <= least($2::timestamptz, $3::timestamptz)
      AND (a.ended_at IS NULL OR a.ended_at > least($2::timestamptz, $3::timestamptz))
    GROUP BY a.product_instance_id, n.tag_id, a.kind = 1),
  authorized AS (
    SELECT p.ha_lead_id AS consumer_id, l.tag_id, sum(l.quantity) AS quantity
    FROM live l
    JOIN product_instances p ON (p.smart_account_id, p.product_instance_id) = ($1, l.product_instance_id)
    GROUP BY 1, 2),
  used AS (
    SELECT a.consumer_id, a.tag_id,
           sum(CASE WHEN e.to_state = 7 THEN e.quantity ELSE 0 END)
           - sum(CASE WHEN e.from_state = 7 THEN e.quantity ELSE 0 END) AS in_use
    FROM authorized a
    JOIN ledger_entries e ON e.smart_account_id = $1 AND e.book = 2 AND e.product_instance_id = a.consumer_id
      AND e.tag_id = a.tag_id AND e.effective_at <= $2::timestamptz AND e.recorded_at <= $3::timestamptz
    GROUP BY 1, 2)
  SELECT home.virtual_account_id, a.tag_id, sum(a.quantity - coalesce(u.in_use, 0))::bigint
  FROM authorized a LEFT JOIN used u USING (consumer_id, tag_id)
  CROSS JOIN LATERAL (
    SELECT coalesce(
      (SELECT f.virtual_account_id FROM former_homes f
       WHERE f.smart_account_id = $1 AND f.product_instance_id = a.consumer_id
         AND f.until_s > extract(epoch FROM $2::timestamptz) ORDER BY f.until_s LIMIT 1),
      (SELECT p.virtual_account_id FROM product_instances p
       WHERE p.smart_account_id = $1 AND p.product_instance_id = a.consumer_id)) AS virtual_account_id) home
  WHERE a.quantity > coalesce(u.in_use, 0)
  GROUP BY 1, 2)sql";

}  // namespace

std::map<RightsPool, int64_t> ReadAuthorizedBeyondUse(pqxx::transaction_base& transaction,
                                                      int64_t smart_account_id, const FigureTimes& times) {
  std::map<RightsPool, int64_t> beyond;
  for (const auto& row : transaction.exec_params(kBeyondUse, smart_account_id, TimeText(times.as_of),
                                                 TimeText(times.known_at))) {
    beyond[{row[0].as<int64_t>(), row[1].as<int32_t>()}] = row[2].as<int64_t>();
  }
  return beyond;
}

}  // namespace quartermaster::ledger
