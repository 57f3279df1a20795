// The rules about authorizations, from the rows of each one up.
#include "services/ledger/fsck/row_check.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr RowCheck kAuthorizationChecks[] = {
    // Held (state 3) for those without a code, reserved (state 4) for those with one, lot by lot.
    {"authorization_balance_differs", R"sql(
      WITH due AS (
        SELECT l.smart_account_id, l.virtual_account_id, l.tag_id, l.lot_id,
               CASE WHEN a.state <= 2 THEN 3 ELSE 4 END AS state, sum(l.quantity) AS quantity
        FROM authorization_lots l JOIN authorizations a USING (smart_account_id, authorization_id)
        GROUP BY 1, 2, 3, 4, 5),
      lying AS (
        SELECT b.* FROM lot_balances b WHERE b.state IN (3, 4) AND b.quantity <> 0)
      SELECT format('account %s virtual account %s tag %s lot %s state %s', smart_account_id, virtual_account_id,
                    tag_id, lot_id, state),
             coalesce(l.quantity, 0)::text, coalesce(d.quantity, 0)::text
      FROM lying l FULL JOIN due d USING (smart_account_id, virtual_account_id, tag_id, lot_id, state)
      WHERE coalesce(l.quantity, 0) <> coalesce(d.quantity, 0))sql"},

    // A code stands on as many rights as it says; what its predecessor still has counts for it. Who asked for
    // the next term let go of what had ended by then.
    {"authorization_lots_differ", R"sql(
      WITH live AS (SELECT * FROM authorizations WHERE state <= 5),
      part AS (
        SELECT v.smart_account_id, v.authorization_id, l.tag_id, sum(l.quantity) AS quantity
        FROM live v
        JOIN authorization_lots l ON (l.smart_account_id, l.authorization_id) = (v.smart_account_id, v.authorization_id)
        GROUP BY 1, 2, 3)
      SELECT format('account %s authorization %s tag %s', v.smart_account_id, v.authorization_id, n.tag_id),
             (coalesce(own.quantity, 0) + coalesce(before.quantity, 0))::text, n.quantity::text
      FROM live v
      JOIN authorization_lines n USING (smart_account_id, authorization_id)
      LEFT JOIN part own ON (own.smart_account_id, own.authorization_id, own.tag_id)
                          = (v.smart_account_id, v.authorization_id, n.tag_id)
      LEFT JOIN part before ON (before.smart_account_id, before.authorization_id, before.tag_id)
                             = (v.smart_account_id, v.replaces_authorization_id, n.tag_id)
      WHERE coalesce(own.quantity, 0) > n.quantity
         OR coalesce(own.quantity, 0) + coalesce(before.quantity, 0) < n.quantity
        AND NOT EXISTS (
          SELECT FROM authorizations s
          JOIN entitlements e ON e.smart_account_id = s.smart_account_id
          WHERE s.smart_account_id = v.smart_account_id AND s.product_instance_id = v.product_instance_id
            AND s.replaces_authorization_id = v.authorization_id
            AND e.tag_id = n.tag_id AND e.end_at <= s.requested_at
            AND NOT EXISTS (
              SELECT FROM authorization_lots o
              JOIN entitlements x ON (x.smart_account_id, x.lot_id) = (o.smart_account_id, o.lot_id)
              WHERE (o.smart_account_id, o.authorization_id, o.tag_id) = (v.smart_account_id, v.authorization_id, n.tag_id)
                AND x.end_at <= s.requested_at)))sql"},

    // An empty row says that the rights of a member are about to follow to its lead.
    {"authorization_elsewhere", R"sql(
      SELECT format('account %s authorization %s lot %s', a.smart_account_id, a.authorization_id, o.lot_id),
             format('virtual account %s', o.virtual_account_id), format('virtual account %s', h.virtual_account_id)
      FROM authorizations a
      JOIN authorization_lots o USING (smart_account_id, authorization_id)
      JOIN product_instances p USING (smart_account_id, product_instance_id)
      JOIN product_instances h ON (h.smart_account_id, h.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
      WHERE o.virtual_account_id <> h.virtual_account_id AND NOT EXISTS (
        SELECT FROM authorized_usage u JOIN product_instances m USING (smart_account_id, product_instance_id)
        WHERE u.smart_account_id = a.smart_account_id AND u.quantity = 0 AND m.ha_lead_id = p.ha_lead_id))sql"},

    {"authorization_lots_unexpected", R"sql(
      SELECT format('account %s authorization %s lot %s', l.smart_account_id, l.authorization_id, l.lot_id),
             format('%s in state %s', l.quantity, coalesce(a.state::text, 'none')), 'nothing'
      FROM authorization_lots l LEFT JOIN authorizations a USING (smart_account_id, authorization_id)
      WHERE a.state IS NULL OR a.state > 5)sql"},

    {"authorized_usage_differs", R"sql(
      WITH due AS (
        SELECT a.smart_account_id, p.ha_lead_id AS product_instance_id, l.tag_id, sum(l.quantity) AS quantity
        FROM authorization_lots l
        JOIN authorizations a USING (smart_account_id, authorization_id)
        JOIN product_instances p USING (smart_account_id, product_instance_id)
        GROUP BY 1, 2, 3)
      SELECT format('account %s product instance %s tag %s', smart_account_id, product_instance_id, tag_id),
             coalesce(u.quantity, 0)::text, coalesce(d.quantity, 0)::text
      FROM authorized_usage u FULL JOIN due d USING (smart_account_id, product_instance_id, tag_id)
      WHERE coalesce(u.quantity, 0) <> coalesce(d.quantity, 0))sql"},

    // Consumption of a consumer is the greater of what it reports and what it is authorised to use.
    {"pool_reserved_differs", R"sql(
      WITH authorized AS (
        SELECT a.smart_account_id, p.ha_lead_id, l.tag_id, sum(l.quantity) AS quantity
        FROM authorization_lots l
        JOIN authorizations a USING (smart_account_id, authorization_id)
        JOIN product_instances p USING (smart_account_id, product_instance_id)
        GROUP BY 1, 2, 3),
      beyond AS (
        SELECT o.smart_account_id, h.virtual_account_id, o.tag_id,
               sum(CASE WHEN o.quantity > coalesce(u.in_use, 0) THEN o.quantity - coalesce(u.in_use, 0) ELSE 0 END)
                 AS reserved
        FROM authorized o
        JOIN product_instances h ON (h.smart_account_id, h.product_instance_id) = (o.smart_account_id, o.ha_lead_id)
        LEFT JOIN usage_positions u ON (u.smart_account_id, u.product_instance_id, u.tag_id)
                                     = (o.smart_account_id, o.ha_lead_id, o.tag_id)
        GROUP BY 1, 2, 3)
      SELECT format('account %s virtual account %s tag %s', smart_account_id, virtual_account_id, tag_id),
             coalesce(p.reserved, 0)::text, coalesce(b.reserved, 0)::text
      FROM license_pools p FULL JOIN beyond b USING (smart_account_id, virtual_account_id, tag_id)
      WHERE coalesce(p.reserved, 0) <> coalesce(b.reserved, 0))sql"},
};

}  // namespace

std::span<const RowCheck> AuthorizationChecks() { return kAuthorizationChecks; }

}  // namespace quartermaster::ledger::fsck
