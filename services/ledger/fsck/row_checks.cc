#include "services/ledger/fsck/row_checks.h"

#include "absl/strings/str_cat.h"
#include "services/ledger/fsck/row_check.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr RowCheck kRowChecks[] = {
    {"identity_without_report", R"sql(
      SELECT format('account %s source %s report %s', i.smart_account_id, i.source_id, i.report_id),
             CASE WHEN r.place IS NULL THEN 'no stored report' ELSE 'another report' END,
             format('%s-%s', i.change_id, i.place)
      FROM ingest_v1_identities i
      LEFT JOIN ingest_v1_reports r
        ON (r.smart_account_id, r.received_at, r.change_id, r.place)
         = (i.smart_account_id, i.received_at, i.change_id, i.place)
      -- Of an opened month the reports are read one by one, with what the opening says of each.
      WHERE CASE WHEN r.place IS NULL
              THEN NOT EXISTS (SELECT FROM report_openings o
                               WHERE i.received_at >= o.received_from AND i.received_at < o.received_until)
              ELSE (r.source_id, r.report_id, r.verification) IS DISTINCT FROM (i.source_id, i.report_id, i.verification)
                OR r.outcome NOT IN (1, 5) END)sql"},

    // An accepted report that its identity does not name was superseded by a later one.
    {"report_without_identity", R"sql(
      SELECT format('account %s source %s report %s-%s', r.smart_account_id, r.source_id, r.change_id, r.place),
             coalesce(format('%s-%s', i.change_id, i.place), 'none'),
             'the identity that names this report'
      FROM ingest_v1_reports r
      LEFT JOIN ingest_v1_identities i USING (smart_account_id, source_id, report_id)
      WHERE r.outcome IN (1, 5) AND (i.change_id, i.place) IS DISTINCT FROM (r.change_id, r.place)
        AND (i.report_id IS NULL OR r.verification = i.verification OR r.verification <> 2))sql"},

    {"report_set_aside", R"sql(
      SELECT format('account %s product instance %s tag id %s report %s-%s', a.smart_account_id, a.product_instance_id,
                    a.tag_id, a.change_id, a.place), a.reason, 'in the books'
      FROM set_aside_reports a)sql"},

    {"home_missing", R"sql(
      SELECT format('%s:%s', s.udi_pid, s.udi_sn), 'not a product instance', 'a home'
      FROM ingest_v1_senders s
      WHERE NOT EXISTS (SELECT FROM product_instances p WHERE (p.udi_pid, p.udi_sn) = (s.udi_pid, s.udi_sn))
        AND EXISTS (
          SELECT FROM ingest_v1_sources o
          JOIN ingest_v1_identities i USING (smart_account_id, source_id)
          JOIN ingest_v1_changes c USING (smart_account_id, change_id)
          JOIN ledger_cursors k ON k.consumer = 'apply_reports'
          WHERE o.sender_id = s.sender_id
            AND (c.incarnation, c.xid, c.change_id) <= (k.incarnation, k.xid, k.change_id)))sql"},

    {"entry_unbalanced", R"sql(
      SELECT format('account %s entry %s-%s', smart_account_id, change_id, place),
             format('book %s from state %s to state %s', book, from_state, to_state),
             'two different accounts of one book'
      FROM ledger_entries
      WHERE quantity <= 0
         OR (from_state, from_virtual_account_id) IS NOT DISTINCT FROM (to_state, to_virtual_account_id)
         OR (book = 1 AND NOT (from_state BETWEEN 1 AND 5 AND to_state BETWEEN 1 AND 5))
         OR (book = 2 AND NOT (from_state IN (6, 7) AND to_state IN (6, 7)))
         -- Use moves from one Virtual Account to another while it is in use, and only then.
         OR (book = 2 AND (from_state = to_state) <> (from_virtual_account_id <> to_virtual_account_id)))sql"},

    {"change_entries_missing", R"sql(
      SELECT format('account %s change %s', c.smart_account_id, c.change_id),
             count(e.place)::text, c.entry_count::text
      FROM ledger_changes c
      LEFT JOIN ledger_entries e USING (smart_account_id, recorded_at, change_id)
      GROUP BY c.smart_account_id, c.change_id, c.entry_count
      HAVING count(e.place) <> c.entry_count)sql"},

    {"entry_without_change", R"sql(
      SELECT format('account %s entry %s-%s', e.smart_account_id, e.change_id, e.place), 'no change', 'its change'
      FROM ledger_entries e
      LEFT JOIN ledger_changes c USING (smart_account_id, recorded_at, change_id)
      WHERE c.change_id IS NULL)sql"},

    {"timeline_chunk_unexpected", R"sql(
      SELECT format('account %s product instance %s tag id %s chunk %s', c.smart_account_id, c.product_instance_id,
                    c.tag_id, c.chunk),
             'a chunk', CASE WHEN p.tag_id IS NULL THEN 'no position' ELSE format('%s chunks', p.chunk_count) END
      FROM usage_timeline_chunks c
      LEFT JOIN usage_positions p USING (smart_account_id, product_instance_id, tag_id)
      WHERE p.tag_id IS NULL OR c.chunk NOT BETWEEN 0 AND p.chunk_count - 1)sql"},

    {"pool_differs", R"sql(
      WITH counted AS (
        SELECT smart_account_id, virtual_account_id, tag_id, sum(in_use) AS in_use
        FROM usage_positions GROUP BY 1, 2, 3)
      SELECT format('account %s virtual account %s tag id %s', smart_account_id, virtual_account_id, tag_id),
             coalesce(p.in_use, 0)::text, coalesce(c.in_use, 0)::text
      FROM license_pools p FULL JOIN counted c USING (smart_account_id, virtual_account_id, tag_id)
      WHERE coalesce(p.in_use, 0) <> coalesce(c.in_use, 0))sql"},

    {"pool_entries_differ", R"sql(
      WITH sides AS (
        SELECT smart_account_id, to_virtual_account_id AS virtual_account_id, tag_id, quantity
        FROM ledger_entries WHERE book = 2 AND to_state = 7
        UNION ALL
        SELECT smart_account_id, from_virtual_account_id, tag_id, -quantity
        FROM ledger_entries WHERE book = 2 AND from_state = 7),
      booked AS (
        SELECT smart_account_id, virtual_account_id, tag_id, sum(quantity) AS in_use FROM sides GROUP BY 1, 2, 3)
      SELECT format('account %s virtual account %s tag id %s', smart_account_id, virtual_account_id, tag_id),
             coalesce(p.in_use, 0)::text, coalesce(b.in_use, 0)::text
      FROM license_pools p FULL JOIN booked b USING (smart_account_id, virtual_account_id, tag_id)
      WHERE coalesce(p.in_use, 0) <> coalesce(b.in_use, 0))sql"},

    {"lot_balance_differs", R"sql(
      WITH sides AS (
        SELECT smart_account_id, to_virtual_account_id AS virtual_account_id, tag_id, lot_id, to_state AS state, quantity
        FROM ledger_entries WHERE book = 1
        UNION ALL
        SELECT smart_account_id, from_virtual_account_id, tag_id, lot_id, from_state, -quantity
        FROM ledger_entries WHERE book = 1),
      booked AS (
        SELECT smart_account_id, virtual_account_id, tag_id, lot_id, state, sum(quantity) AS quantity
        FROM sides WHERE state <> 1 GROUP BY 1, 2, 3, 4, 5),
      stored AS (SELECT * FROM lot_balances WHERE state <> 1)
      SELECT format('account %s virtual account %s tag id %s lot %s state %s', smart_account_id, virtual_account_id,
                    tag_id, lot_id, state),
             coalesce(s.quantity, 0)::text, coalesce(b.quantity, 0)::text
      FROM stored s FULL JOIN booked b USING (smart_account_id, virtual_account_id, tag_id, lot_id, state)
      WHERE coalesce(s.quantity, 0) <> coalesce(b.quantity, 0))sql"},

    // What was bought, and what corrections and their undoing added or took.
    {"entitlement_differs", R"sql(
      WITH corrected AS (
        SELECT e.smart_account_id, e.lot_id,
               sum(CASE WHEN e.from_state = 1 THEN e.quantity ELSE -e.quantity END) AS quantity
        FROM ledger_changes c JOIN ledger_entries e USING (smart_account_id, recorded_at, change_id)
        WHERE c.kind IN (2, 9) AND e.book = 1 AND (e.from_state = 1 OR e.to_state = 1)
        GROUP BY 1, 2)
      SELECT format('account %s entitlement %s', e.smart_account_id, e.entitlement_id),
             coalesce(sum(b.quantity), 0)::text, (e.quantity + coalesce(c.quantity, 0))::text
      FROM entitlements e
      LEFT JOIN lot_balances b ON (b.smart_account_id, b.lot_id) = (e.smart_account_id, e.lot_id) AND b.state <> 1
      LEFT JOIN corrected c ON (c.smart_account_id, c.lot_id) = (e.smart_account_id, e.lot_id)
      GROUP BY e.smart_account_id, e.entitlement_id, e.quantity, c.quantity
      HAVING coalesce(sum(b.quantity), 0) <> e.quantity + coalesce(c.quantity, 0))sql"},

    {"expiry_differs", R"sql(
      SELECT format('account %s entry %s-%s', l.smart_account_id, l.change_id, l.place),
             format('expired from %s on', l.effective_at), coalesce(e.end_at::text, 'a right that does not end')
      FROM ledger_entries l JOIN entitlements e USING (smart_account_id, lot_id)
      WHERE l.book = 1 AND l.to_state = 5 AND l.from_state <> 5
        AND l.effective_at IS DISTINCT FROM e.end_at)sql"},

    {"former_home_differs", R"sql(
      SELECT format('account %s product instance %s', p.smart_account_id, p.product_instance_id),
             format('at home since %s', coalesce(p.home_since_s::text, 'ever')),
             format('since %s', coalesce(f.until_s::text, 'ever'))
      FROM product_instances p
      LEFT JOIN (SELECT smart_account_id, product_instance_id, max(until_s) AS until_s
                 FROM former_homes GROUP BY 1, 2) f USING (smart_account_id, product_instance_id)
      WHERE p.home_since_s IS DISTINCT FROM f.until_s)sql"},

    {"closed_account_not_empty", R"sql(
      SELECT format('account %s virtual account %s', v.smart_account_id, v.virtual_account_id), c.what, 'nothing'
      FROM virtual_accounts v
      JOIN (SELECT smart_account_id, virtual_account_id, count(*)::text || ' product instances' AS what
            FROM product_instances WHERE removed_at IS NULL GROUP BY 1, 2
            UNION ALL
            SELECT smart_account_id, virtual_account_id, sum(abs(quantity))::text || ' rights'
            FROM lot_balances WHERE state <> 1 AND quantity <> 0 GROUP BY 1, 2
            UNION ALL
            SELECT smart_account_id, virtual_account_id, sum(in_use)::text || ' in use'
            FROM usage_positions WHERE in_use <> 0 GROUP BY 1, 2) c USING (smart_account_id, virtual_account_id)
      JOIN smart_accounts a USING (smart_account_id)
      -- Reports that ingest had taken when it heard of the closing of a whole account are booked all the same.
      WHERE v.closed_at IS NOT NULL AND a.closed_at IS NULL)sql"},

    {"removed_in_use", R"sql(
      SELECT format('account %s product instance %s', u.smart_account_id, u.product_instance_id),
             sum(u.in_use)::text, '0 while it is removed'
      FROM usage_positions u
      JOIN (SELECT smart_account_id, ha_lead_id, bool_and(removed_at IS NOT NULL) AS removed
            FROM product_instances GROUP BY 1, 2) s
        ON (s.smart_account_id, s.ha_lead_id) = (u.smart_account_id, u.product_instance_id)
      WHERE s.removed AND u.in_use <> 0 GROUP BY u.smart_account_id, u.product_instance_id)sql"},

    {"replacement_differs", R"sql(
      SELECT format('account %s product instance %s', o.smart_account_id, o.product_instance_id),
             o.replaced_by_id::text, 'another product instance of this account'
      FROM product_instances o
      LEFT JOIN product_instances n
        ON (n.smart_account_id, n.product_instance_id) = (o.smart_account_id, o.replaced_by_id)
      WHERE o.replaced_by_id IS NOT NULL
        AND (n.product_instance_id IS NULL OR o.replaced_by_id = o.product_instance_id))sql"},

    {"ha_lead_differs", R"sql(
      SELECT format('account %s product instance %s', p.smart_account_id, p.product_instance_id),
             p.ha_lead_id::text, 'a product instance that leads itself'
      FROM product_instances p
      LEFT JOIN product_instances l
        ON (l.smart_account_id, l.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
      WHERE l.ha_lead_id IS DISTINCT FROM p.ha_lead_id)sql"},
};

// False when the caller has gone.
bool Run(std::span<const RowCheck> checks, pqxx::transaction_base& transaction, const FindingSink& sink,
         const Progress& progress) {
  for (const RowCheck& check : checks) {
    if (!progress(check.rule)) return false;
    const pqxx::result rows = transaction.exec(
        absl::StrCat("SELECT * FROM (", check.sql, ") AS findings LIMIT ", kFindingsPerRuleMax));
    for (const auto& row : rows) {
      sink({check.rule, row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>()});
    }
  }
  return true;
}

}  // namespace

bool CheckRows(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress) {
  // Every rule joins whole tables, by all columns of a key. Statistics of a young database would suggest
  // look-ups row by row, or merging by the first columns, which all rows share.
  transaction.exec(
      "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB'");
  const bool whole =
      Run(kRowChecks, transaction, sink, progress) && Run(AuthorizationChecks(), transaction, sink, progress);
  transaction.exec(
      "SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on; SET LOCAL work_mem = DEFAULT");
  return whole;
}

}  // namespace quartermaster::ledger::fsck
