-- Retention of report bodies, and the holds that keep them.
--
-- A month of rum_reports goes in three steps, each of which may be repeated: ledger writes a signed opening
-- that stands in for its reports (report_openings), ingest moves what has to stay to rum_reports_kept, and
-- then drops the partition. Identities stay for ever, so a report that comes again is still a duplicate.

-- ledger ---------------------------------------------------------------------------------------------

-- While one of an account's holds is not released, retention takes nothing of that account.
CREATE TABLE account_holds (
  smart_account_id bigint NOT NULL REFERENCES smart_accounts,
  hold_id          bigint GENERATED ALWAYS AS IDENTITY,
  name             text NOT NULL,
  reason           text NOT NULL,
  placed_at        timestamptz NOT NULL,
  placed_by        text NOT NULL,
  released_at      timestamptz,
  released_by      text NOT NULL DEFAULT '',
  PRIMARY KEY (smart_account_id, hold_id)
);
CREATE UNIQUE INDEX account_holds_in_force ON account_holds (smart_account_id, name) WHERE released_at IS NULL;

-- Signed openings, each of which stands in for the reports that were received in one month; chained by
-- previous_hash. Its rows in report_opening_sources carry the same draft_id: rows of a draft that has no
-- opening are left over from one that was not finished and mean nothing.
-- services/ledger/openings/README.md says what is hashed.
CREATE TABLE report_openings (
  opening_id     bigint PRIMARY KEY,
  draft_id       bigint NOT NULL UNIQUE,
  received_from  timestamptz NOT NULL UNIQUE,
  received_until timestamptz NOT NULL,
  source_count   bigint NOT NULL,
  report_count   bigint NOT NULL,
  sources_hash   bytea NOT NULL CHECK (octet_length(sources_hash) = 32),
  previous_hash  bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
  opening_hash   bytea NOT NULL CHECK (octet_length(opening_hash) = 32),
  signed_at      timestamptz NOT NULL,
  alg            text NOT NULL,
  key_id         text NOT NULL,
  signature      bytea NOT NULL
);
CREATE SEQUENCE report_opening_drafts;

-- reports: packed, each report's id and the hash of what it said.
CREATE TABLE report_opening_sources (
  smart_account_id bigint NOT NULL,
  source_id        bigint NOT NULL,
  draft_id         bigint NOT NULL,
  report_count     int NOT NULL,
  reports          bytea NOT NULL,
  PRIMARY KEY (smart_account_id, source_id, draft_id)
);
ALTER TABLE report_opening_sources ALTER COLUMN reports SET STORAGE EXTERNAL;
CREATE INDEX report_opening_sources_draft ON report_opening_sources (draft_id);

-- Reports of an opened month for which no opening stands, because they were set aside or cannot be read:
-- their bodies stay.
CREATE TABLE report_opening_exceptions (
  smart_account_id bigint NOT NULL,
  change_id        bigint NOT NULL,
  place            int NOT NULL,
  draft_id         bigint NOT NULL,
  PRIMARY KEY (smart_account_id, change_id, place, draft_id)
);

-- Product instances whose details were erased: what was received until then is not to be shown any more.
CREATE TABLE instance_erasures (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  erased_at           timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, product_instance_id)
);

CREATE VIEW ledger_v1_holds AS
  SELECT smart_account_id, hold_id, name, placed_at FROM account_holds WHERE released_at IS NULL;
CREATE VIEW ledger_v1_instance_erasures AS
  SELECT p.smart_account_id, p.udi_pid, p.udi_sn, e.erased_at
  FROM instance_erasures e JOIN product_instances p USING (smart_account_id, product_instance_id);
CREATE VIEW ledger_v1_report_openings AS
  SELECT opening_id, received_from, received_until FROM report_openings;
CREATE VIEW ledger_v1_reports_without_opening AS
  SELECT smart_account_id, change_id, place FROM report_opening_exceptions;
-- The report whose measurement is the latest of each position.
CREATE VIEW ledger_v1_position_reports AS
  SELECT p.smart_account_id, p.udi_pid, p.udi_sn, t.tag, u.latest_report_id AS report_id
  FROM product_instances p
  JOIN usage_positions u ON (u.smart_account_id, u.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
    AND u.latest_product_instance_id = p.product_instance_id
  JOIN license_tags t ON t.tag_id = u.tag_id;
CREATE VIEW ledger_v1_open_conflicts AS
  SELECT p.smart_account_id, p.udi_pid, p.udi_sn, t.tag
  FROM report_findings f
  JOIN product_instances p USING (smart_account_id, product_instance_id)
  JOIN license_tags t ON t.tag_id = f.tag_id
  WHERE f.kind = 5 AND f.resolved_at IS NULL;

-- authority ------------------------------------------------------------------------------------------

CREATE VIEW authority_v1_withheld_reports AS
  SELECT smart_account_id, change_id, place FROM withheld_acknowledgements;

-- ingest ---------------------------------------------------------------------------------------------

-- What had to stay of the months that are gone. The columns are those of rum_reports.
CREATE TABLE rum_reports_kept (
  smart_account_id        bigint NOT NULL,
  received_at             timestamptz NOT NULL,
  change_id               bigint NOT NULL,
  source_id               bigint NOT NULL,
  report_id               bigint NOT NULL,
  door_virtual_account_id bigint,
  place                   int NOT NULL,
  dictionary_id           int NOT NULL,
  outcome                 smallint NOT NULL,
  verification            smallint NOT NULL,
  digest                  bytea NOT NULL,
  body                    bytea NOT NULL,
  PRIMARY KEY (smart_account_id, received_at, change_id, place)
);
ALTER TABLE rum_reports_kept ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE rum_reports_kept ALTER COLUMN digest SET STORAGE EXTERNAL;

-- Every report whose body is stored.
CREATE VIEW ingest_v1_stored_reports AS
  SELECT smart_account_id, received_at, change_id, source_id, report_id, door_virtual_account_id, place,
         dictionary_id, outcome, verification, digest, body FROM rum_reports
  UNION ALL
  SELECT smart_account_id, received_at, change_id, source_id, report_id, door_virtual_account_id, place,
         dictionary_id, outcome, verification, digest, body FROM rum_reports_kept;
CREATE OR REPLACE VIEW ingest_v1_reports AS
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id,
         door_virtual_account_id, outcome, verification, digest FROM rum_reports
  UNION ALL
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id,
         door_virtual_account_id, outcome, verification, digest FROM rum_reports_kept;
CREATE OR REPLACE VIEW ingest_v1_report_bodies AS
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id, outcome,
         verification, digest, dictionary_id, body FROM rum_reports
  UNION ALL
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id, outcome,
         verification, digest, dictionary_id, body FROM rum_reports_kept;

-- The months that have a partition of their own.
CREATE VIEW ingest_v1_report_months AS
  SELECT m.month AT TIME ZONE 'UTC' AS received_from,
         (m.month + interval '1 month') AT TIME ZONE 'UTC' AS received_until
  FROM (SELECT to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'rum_reports'::regclass AND c.relname ~ '^rum_reports_\d{4}_\d{2}$') m;

-- Why a stored report has to stay, in bits: 1 its account is on hold, 2 it is set aside or no opening stands
-- for it, 4 it defines a position, 8 it is verified and not acknowledged, 16 it is unverifiable and counts as
-- reported (nobody here can acknowledge it), 32 it is part of a conflict that is open. 0 = it may go.
CREATE VIEW ingest_v1_reasons_to_stay AS
  SELECT r.smart_account_id, r.received_at, r.change_id, r.place,
    CASE WHEN r.smart_account_id IN (SELECT h.smart_account_id FROM ledger_v1_holds h) THEN 1 ELSE 0 END
    | CASE WHEN EXISTS (SELECT FROM ledger_v1_set_aside_reports a
                        WHERE (a.smart_account_id, a.change_id, a.place)
                            = (r.smart_account_id, r.change_id, r.place))
             OR EXISTS (SELECT FROM ledger_v1_reports_without_opening a
                        WHERE (a.smart_account_id, a.change_id, a.place)
                            = (r.smart_account_id, r.change_id, r.place)) THEN 2 ELSE 0 END
    | CASE WHEN n.stands AND EXISTS (
             SELECT FROM ledger_v1_position_reports p
             WHERE (p.smart_account_id, p.udi_pid, p.udi_sn, p.tag, p.report_id)
                 = (r.smart_account_id, d.udi_pid, d.udi_sn, s.entitlement_tag, r.report_id))
           THEN 4 ELSE 0 END
    | CASE WHEN n.stands AND r.verification = 1 AND (
             NOT coalesce((SELECT (c.incarnation, c.xid, c.change_id) <= (t.incarnation, t.xid, t.change_id)
                           FROM authority_v1_acknowledgements a
                           JOIN ingest_changes t
                             ON (t.smart_account_id, t.change_id) = (a.smart_account_id, a.through_change_id)
                           WHERE a.smart_account_id = r.smart_account_id AND a.sender_id = s.sender_id
                           ORDER BY a.sequence DESC LIMIT 1), false)
             OR EXISTS (SELECT FROM authority_v1_withheld_reports w
                        WHERE (w.smart_account_id, w.change_id, w.place)
                            = (r.smart_account_id, r.change_id, r.place)))
           THEN 8 ELSE 0 END
    | CASE WHEN n.stands AND r.verification = 2 THEN 16 ELSE 0 END
    | CASE WHEN EXISTS (SELECT FROM report_other_payloads o
                        WHERE (o.smart_account_id, o.source_id, o.report_id)
                            = (r.smart_account_id, r.source_id, r.report_id) AND o.outcome = 3)
             AND EXISTS (SELECT FROM ledger_v1_open_conflicts f
                         WHERE (f.smart_account_id, f.udi_pid, f.udi_sn, f.tag)
                             = (r.smart_account_id, d.udi_pid, d.udi_sn, s.entitlement_tag))
           THEN 32 ELSE 0 END AS reasons
  FROM (SELECT smart_account_id, received_at, change_id, place, source_id, report_id, outcome, verification
        FROM rum_reports
        UNION ALL
        SELECT smart_account_id, received_at, change_id, place, source_id, report_id, outcome, verification
        FROM rum_reports_kept) r
  JOIN ingest_changes c ON (c.smart_account_id, c.change_id) = (r.smart_account_id, r.change_id)
  JOIN report_sources s ON (s.smart_account_id, s.source_id) = (r.smart_account_id, r.source_id)
  JOIN report_senders d ON d.sender_id = s.sender_id
  LEFT JOIN report_identities i
    ON (i.smart_account_id, i.source_id, i.report_id) = (r.smart_account_id, r.source_id, r.report_id)
  -- The report that its identity names: not one that was replaced, nor a conflicting one.
  CROSS JOIN LATERAL (
    SELECT coalesce((i.change_id, i.place) = (r.change_id, r.place), false) AND r.outcome <> 3 AS stands) n;

-- Moves what has to stay of the reports received in [from_time, until_time) to rum_reports_kept; how many.
-- Readers see each report once at any time. Bits of `ignored` are no reason.
CREATE FUNCTION ingest_keep_reports(from_time timestamptz, until_time timestamptz, ignored int)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1s' AS $$
DECLARE
  moved bigint;
BEGIN
  WITH staying AS (
    DELETE FROM rum_reports r USING ingest_v1_reasons_to_stay w
    WHERE r.received_at >= from_time AND r.received_at < until_time
      AND w.received_at >= from_time AND w.received_at < until_time
      AND (w.smart_account_id, w.received_at, w.change_id, w.place)
        = (r.smart_account_id, r.received_at, r.change_id, r.place)
      AND w.reasons & ~ignored <> 0
    RETURNING r.smart_account_id, r.received_at, r.change_id, r.source_id, r.report_id,
              r.door_virtual_account_id, r.place, r.dictionary_id, r.outcome, r.verification, r.digest, r.body)
  INSERT INTO rum_reports_kept (smart_account_id, received_at, change_id, source_id, report_id,
    door_virtual_account_id, place, dictionary_id, outcome, verification, digest, body)
  SELECT smart_account_id, received_at, change_id, source_id, report_id, door_virtual_account_id, place,
         dictionary_id, outcome, verification, digest, body FROM staying;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;

-- Drops the partition of the month that begins at `month_start`, once its opening is written; false when it is
-- gone already. What has to stay was moved before; a hold that was placed meanwhile is heeded here: who places one
-- takes the same lock, shared. The table is locked for as long as dropping takes, and traffic waits a second for
-- it at most.
CREATE FUNCTION ingest_drop_report_month(month_start timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1s' AS $$
DECLARE
  month timestamp := month_start AT TIME ZONE 'UTC';
  partition_name text := format('rum_reports_%s', to_char(month, 'YYYY_MM'));
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('report_retention'));
  IF to_regclass(partition_name) IS NULL THEN
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM ledger_v1_report_openings o
                 WHERE o.received_from = month AT TIME ZONE 'UTC'
                   AND o.received_until = (month + interval '1 month') AT TIME ZONE 'UTC') THEN
    RAISE EXCEPTION 'no opening stands in for the reports of %', to_char(month, 'YYYY-MM');
  END IF;
  WITH staying AS (
    DELETE FROM rum_reports r
    WHERE r.received_at >= month AT TIME ZONE 'UTC'
      AND r.received_at < (month + interval '1 month') AT TIME ZONE 'UTC'
      AND r.smart_account_id IN (SELECT h.smart_account_id FROM ledger_v1_holds h)
    RETURNING r.smart_account_id, r.received_at, r.change_id, r.source_id, r.report_id,
              r.door_virtual_account_id, r.place, r.dictionary_id, r.outcome, r.verification, r.digest, r.body)
  INSERT INTO rum_reports_kept (smart_account_id, received_at, change_id, source_id, report_id,
    door_virtual_account_id, place, dictionary_id, outcome, verification, digest, body)
  SELECT smart_account_id, received_at, change_id, source_id, report_id, door_virtual_account_id, place,
         dictionary_id, outcome, verification, digest, body FROM staying;
  EXECUTE format('DROP TABLE %I', partition_name);
  RETURN true;
END $$;
