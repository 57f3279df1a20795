-- Tables that ingest writes. Others read them through the ingest_v1_* views at the end.

-- UDIs that have reported. A UDI belongs to one Smart Account on a node: the first claim wins.
CREATE TABLE report_senders (
  sender_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  udi_pid           text NOT NULL,
  udi_sn            text NOT NULL,
  smart_account_id  bigint NOT NULL,
  first_received_at timestamptz NOT NULL,
  UNIQUE (udi_pid, udi_sn)
);

-- One row per (product instance, entitlement tag): the narrow key of identities and reports.
CREATE TABLE report_sources (
  smart_account_id bigint NOT NULL,
  source_id        bigint GENERATED ALWAYS AS IDENTITY,
  sender_id        bigint NOT NULL REFERENCES report_senders,
  entitlement_tag  text NOT NULL,
  PRIMARY KEY (smart_account_id, source_id),
  UNIQUE (smart_account_id, sender_id, entitlement_tag)
);

-- The identity of a report, kept for ever: not partitioned, no retention.
-- payload_hash is the first 16 bytes of SHA-256 over the payload bytes.
CREATE TABLE report_identities (
  smart_account_id bigint NOT NULL,
  source_id        bigint NOT NULL,
  report_id        bigint NOT NULL,
  payload_hash     uuid NOT NULL,
  received_at      timestamptz NOT NULL,
  change_id        bigint NOT NULL,
  place            int NOT NULL,
  verification     smallint NOT NULL,
  PRIMARY KEY (smart_account_id, source_id, report_id)
);

-- Payloads other than the one that stands in report_identities: conflicts (outcome 3), and what a
-- verified report replaced (outcome 1). Each is kept once, so that sending one again stores nothing.
CREATE TABLE report_other_payloads (
  smart_account_id bigint NOT NULL,
  source_id        bigint NOT NULL,
  report_id        bigint NOT NULL,
  payload_hash     uuid NOT NULL,
  outcome          smallint NOT NULL CHECK (outcome IN (1, 3)),
  received_at      timestamptz NOT NULL,
  change_id        bigint NOT NULL,
  place            int NOT NULL,
  PRIMARY KEY (smart_account_id, source_id, report_id, payload_hash, outcome)
);

-- The change feed: one row per Smart Account and committed group of reports.
-- (incarnation, xid, change_id) is the order in which consumers may read; see services/common/pg.
CREATE TABLE ingest_changes (
  smart_account_id bigint NOT NULL,
  change_id        bigint GENERATED ALWAYS AS IDENTITY,
  incarnation      int NOT NULL,
  xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
  received_at      timestamptz NOT NULL,
  report_count     int NOT NULL,
  -- Of its reports' digests: so that consumers can bound what they read before they read it.
  digest_bytes     bigint NOT NULL,
  PRIMARY KEY (smart_account_id, change_id)
);
CREATE UNIQUE INDEX ingest_changes_feed ON ingest_changes (incarnation, xid, change_id);

-- Report bodies, partitioned by the server's time of receipt. All reports of one change share its
-- received_at, so (smart_account_id, received_at, change_id) reads one change from one partition.
-- outcome: 1 accepted, 3 conflict (kept, never counted), 5 accepted and superseding an
-- unverifiable report of the same identity. verification: 1 verified, 2 unverifiable.
CREATE TABLE rum_reports (
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
) PARTITION BY RANGE (received_at);
-- Bodies are compressed by us (zstd with a dictionary): no second attempt by the server.
ALTER TABLE rum_reports ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE rum_reports ALTER COLUMN digest SET STORAGE EXTERNAL;
CREATE TABLE rum_reports_default PARTITION OF rum_reports DEFAULT;

-- zstd dictionaries: a body is read with the one it names, for ever.
CREATE TABLE body_dictionaries (
  dictionary_id int PRIMARY KEY,
  dictionary    bytea NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now()
);

-- What stands beside the payloads of a device's file (smartLicenseSystemInfo), newest only.
CREATE TABLE report_system_infos (
  smart_account_id bigint NOT NULL,
  sender_id        bigint NOT NULL,
  received_at      timestamptz NOT NULL,
  -- What the device calls itself; may be empty.
  hostname         text NOT NULL,
  body             bytea NOT NULL,
  PRIMARY KEY (smart_account_id, sender_id)
);
-- The order in which ledger takes the hostnames over.
CREATE INDEX report_system_infos_received ON report_system_infos (received_at, sender_id);

-- What a poll id stands for: the senders of a submission and, for each, the change up to which the
-- acknowledgement must reach. Both arrays have the same length. Ids are random: who was not told one
-- cannot guess it.
CREATE TABLE poll_tickets (
  smart_account_id bigint NOT NULL,
  poll_id          bigint NOT NULL,
  created_at       timestamptz NOT NULL,
  sender_ids       bigint[] NOT NULL,
  change_ids       bigint[] NOT NULL,
  PRIMARY KEY (smart_account_id, poll_id)
);

-- Makes the monthly partitions of rum_reports that cover [from_time, until_time]. Runs with the
-- owner's rights, so that ingest needs none on the schema. It locks the table, so nobody is kept waiting
-- for that lock for long: the caller tries again. A month whose rows lie in the default partition already
-- gets none of its own.
CREATE FUNCTION ingest_make_report_partitions(from_time timestamptz, until_time timestamptz)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1s' AS $$
DECLARE
  month timestamp := date_trunc('month', from_time AT TIME ZONE 'UTC');
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('ingest_make_report_partitions'));
  WHILE month AT TIME ZONE 'UTC' <= until_time LOOP
    IF to_regclass(format('rum_reports_%s', to_char(month, 'YYYY_MM'))) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF rum_reports FOR VALUES FROM (%L) TO (%L)',
                       'rum_reports_' || to_char(month, 'YYYY_MM'), month AT TIME ZONE 'UTC',
                       (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        RAISE WARNING 'rows of % lie in rum_reports_default: no partition of its own for that month',
          to_char(month, 'YYYY-MM');
      END;
    END IF;
    month := month + interval '1 month';
  END LOOP;
  RETURN made;
END $$;

CREATE VIEW ingest_v1_changes AS
  SELECT smart_account_id, change_id, incarnation, xid, received_at, report_count, digest_bytes
  FROM ingest_changes;
CREATE VIEW ingest_v1_reports AS
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id,
         door_virtual_account_id, outcome, verification, digest FROM rum_reports;
CREATE VIEW ingest_v1_report_bodies AS
  SELECT smart_account_id, received_at, change_id, place, source_id, report_id, outcome,
         verification, digest, dictionary_id, body FROM rum_reports;
CREATE VIEW ingest_v1_identities AS
  SELECT smart_account_id, source_id, report_id, payload_hash, received_at, change_id, place,
         verification FROM report_identities;
CREATE VIEW ingest_v1_other_payloads AS
  SELECT smart_account_id, source_id, report_id, payload_hash, outcome, change_id, place
  FROM report_other_payloads;
CREATE VIEW ingest_v1_sources AS
  SELECT s.smart_account_id, s.source_id, s.sender_id, s.entitlement_tag, d.udi_pid, d.udi_sn
  FROM report_sources s JOIN report_senders d USING (sender_id);
CREATE VIEW ingest_v1_senders AS
  SELECT sender_id, udi_pid, udi_sn, smart_account_id FROM report_senders;
CREATE VIEW ingest_v1_poll_tickets AS
  SELECT smart_account_id, poll_id, created_at, sender_ids, change_ids FROM poll_tickets;
CREATE VIEW ingest_v1_body_dictionaries AS
  SELECT dictionary_id, dictionary FROM body_dictionaries;
CREATE VIEW ingest_v1_system_infos AS
  SELECT smart_account_id, sender_id, received_at, hostname, body FROM report_system_infos;
