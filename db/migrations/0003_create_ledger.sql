-- Tables that ledger writes. Others read them through the ledger_v1_* views at the end.

CREATE TABLE smart_accounts (
  smart_account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain           text NOT NULL,
  display_name     text NOT NULL,
  is_default       boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX smart_accounts_domain ON smart_accounts (lower(domain));
CREATE UNIQUE INDEX smart_accounts_one_default ON smart_accounts (is_default) WHERE is_default;

-- Whether unverifiable reports count, from when on. Without a row they do. A switch is posted to the
-- positions that it can move in the order of their keys, many transactions long: posted_through_* is
-- the last one that is done, posted_at when all were.
CREATE TABLE unverifiable_policies (
  smart_account_id                     bigint NOT NULL REFERENCES smart_accounts,
  effective_at                         timestamptz NOT NULL,
  counts                               boolean NOT NULL,
  posted_through_product_instance_id   bigint NOT NULL DEFAULT 0,
  posted_through_tag_id                int NOT NULL DEFAULT 0,
  posted_at                            timestamptz,
  PRIMARY KEY (smart_account_id, effective_at)
);

CREATE TABLE virtual_accounts (
  smart_account_id   bigint NOT NULL REFERENCES smart_accounts,
  virtual_account_id bigint GENERATED ALWAYS AS IDENTITY,
  name               text NOT NULL,
  description        text NOT NULL DEFAULT '',
  is_default         boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, virtual_account_id)
);
CREATE UNIQUE INDEX virtual_accounts_name ON virtual_accounts (smart_account_id, lower(name));
CREATE UNIQUE INDEX virtual_accounts_one_default ON virtual_accounts (smart_account_id) WHERE is_default;

-- The catalogue. Tags that only reports named are kept with known = false.
-- enforcement: 1 unenforced, 2 enforced, 3 export-controlled. term: 1 perpetual, 2 subscription.
CREATE TABLE license_tags (
  tag_id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag           text NOT NULL UNIQUE,
  display_name  text NOT NULL DEFAULT '',
  description   text NOT NULL DEFAULT '',
  enforcement   smallint NOT NULL DEFAULT 1,
  term          smallint NOT NULL DEFAULT 2,
  known         boolean NOT NULL,
  first_seen_at timestamptz NOT NULL
);

-- A surplus of tag_id covers a shortage of substitutes_for_tag_id (never the other way).
CREATE TABLE license_substitutions (
  tag_id                 int NOT NULL REFERENCES license_tags,
  substitutes_for_tag_id int NOT NULL REFERENCES license_tags,
  PRIMARY KEY (tag_id, substitutes_for_tag_id),
  CHECK (tag_id <> substitutes_for_tag_id)
);

-- A purchased right. Its lot keeps these dates wherever its quantity is moved.
CREATE TABLE entitlements (
  smart_account_id bigint NOT NULL REFERENCES smart_accounts,
  lot_id           bigint GENERATED ALWAYS AS IDENTITY,
  entitlement_id   text NOT NULL,
  virtual_account_id bigint NOT NULL,
  tag_id           int NOT NULL REFERENCES license_tags,
  quantity         bigint NOT NULL CHECK (quantity > 0),
  overage_quantity bigint NOT NULL DEFAULT 0 CHECK (overage_quantity >= 0),
  term             smallint NOT NULL,
  start_at         timestamptz NOT NULL,
  end_at           timestamptz,
  subscription_id  text NOT NULL DEFAULT '',
  order_id         text NOT NULL DEFAULT '',
  recorded_at      timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, lot_id),
  UNIQUE (smart_account_id, entitlement_id),
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts,
  CHECK (end_at IS NULL OR end_at > start_at)
);

-- The rights book's balances: what of a lot lies where.
-- state: 1 source, 2 available, 3 held, 4 reserved, 5 expired.
CREATE TABLE lot_balances (
  smart_account_id   bigint NOT NULL,
  virtual_account_id bigint NOT NULL,
  tag_id             int NOT NULL,
  lot_id             bigint NOT NULL,
  state              smallint NOT NULL,
  quantity           bigint NOT NULL,
  PRIMARY KEY (smart_account_id, virtual_account_id, tag_id, lot_id, state)
);

-- The change feed, and the head of each movement: who, why, when.
-- kind: 1 purchase, 2 correction, 3 reports applied, 4 release, 5 policy switch, 6 acknowledgement,
-- 7 administration (no entries), 8 transfer, 9 reversal.
CREATE TABLE ledger_changes (
  smart_account_id bigint NOT NULL,
  change_id        bigint GENERATED ALWAYS AS IDENTITY,
  incarnation      int NOT NULL,
  xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
  recorded_at      timestamptz NOT NULL,
  kind             smallint NOT NULL,
  entry_count      int NOT NULL,
  -- What sealed blocks cover of its entries (services/ledger/domain/sealed_block.h).
  entries_root     bytea NOT NULL CHECK (octet_length(entries_root) = 32),
  actor            text NOT NULL DEFAULT '',
  request_id       text NOT NULL DEFAULT '',
  -- The change that this one undoes: each once.
  reverses_change_id bigint,
  PRIMARY KEY (smart_account_id, change_id)
);
CREATE UNIQUE INDEX ledger_changes_feed ON ledger_changes (incarnation, xid, change_id);
CREATE UNIQUE INDEX ledger_changes_reversed ON ledger_changes (smart_account_id, reverses_change_id)
  WHERE reverses_change_id IS NOT NULL;

-- The two books. One row moves `quantity` from one account to another, so each movement balances by
-- construction. book: 1 rights (virtual account, tag, lot, state), 2 usage (virtual account, tag,
-- product instance). States of the rights book as in lot_balances; of the usage book: 6 usage
-- source, 7 in use. For usage the cause is the report (its change and place in ingest's feed).
CREATE TABLE ledger_entries (
  smart_account_id        bigint NOT NULL,
  recorded_at             timestamptz NOT NULL,
  change_id               bigint NOT NULL,
  effective_at            timestamptz NOT NULL,
  quantity                bigint NOT NULL CHECK (quantity > 0),
  from_virtual_account_id bigint,
  to_virtual_account_id   bigint,
  lot_id                  bigint,
  product_instance_id     bigint,
  cause_change_id         bigint,
  cause_place             int,
  place                   int NOT NULL,
  tag_id                  int NOT NULL,
  book                    smallint NOT NULL CHECK (book IN (1, 2)),
  from_state              smallint NOT NULL,
  to_state                smallint NOT NULL,
  PRIMARY KEY (smart_account_id, recorded_at, change_id, place),
  CHECK (book <> 1 OR lot_id IS NOT NULL),
  CHECK (book <> 2 OR product_instance_id IS NOT NULL)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE ledger_entries_default PARTITION OF ledger_entries DEFAULT;

-- Sealed blocks over the entries in feed order: (through_*) is the last change that is covered.
CREATE TABLE ledger_blocks (
  block_id            bigint PRIMARY KEY,
  previous_hash       bytea NOT NULL,
  merkle_root         bytea NOT NULL,
  block_hash          bytea NOT NULL,
  entry_count         bigint NOT NULL,
  change_count        bigint NOT NULL,
  through_incarnation int NOT NULL,
  through_xid         xid8 NOT NULL,
  through_change_id   bigint NOT NULL,
  sealed_at           timestamptz NOT NULL,
  alg                 text NOT NULL,
  key_id              text NOT NULL,
  signature           bytea NOT NULL
);

-- Pools: the usage side's counters. in_use is the sum of the counted positions of the pool.
CREATE TABLE license_pools (
  smart_account_id   bigint NOT NULL,
  virtual_account_id bigint NOT NULL,
  tag_id             int NOT NULL,
  in_use             bigint NOT NULL DEFAULT 0,
  reserved           bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (smart_account_id, virtual_account_id, tag_id)
);

-- Everything that is known by its UDI. virtual_account_id is its home.
-- ha_lead_id: the member of its HA set with the smallest (udi_pid, udi_sn); itself when alone.
CREATE TABLE product_instances (
  smart_account_id    bigint NOT NULL REFERENCES smart_accounts,
  product_instance_id bigint GENERATED ALWAYS AS IDENTITY,
  udi_pid             text NOT NULL,
  udi_sn              text NOT NULL,
  virtual_account_id  bigint NOT NULL,
  hostname            text NOT NULL DEFAULT '',
  software_version    text NOT NULL DEFAULT '',
  ha_lead_id          bigint NOT NULL,
  created_at          timestamptz NOT NULL,
  first_contact_at    timestamptz,
  last_contact_at     timestamptz,
  -- Latest measurement end over all tags, Unix seconds.
  last_measured_s     bigint,
  -- Whether a report verified under our own trust was ever applied.
  ever_verified       boolean NOT NULL DEFAULT false,
  last_acknowledged_at timestamptz,
  PRIMARY KEY (smart_account_id, product_instance_id),
  UNIQUE (udi_pid, udi_sn),
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts
) WITH (fillfactor = 85);
CREATE INDEX product_instances_home ON product_instances (smart_account_id, virtual_account_id, udi_pid, udi_sn);
-- A page of one account walks over nobody else's.
CREATE INDEX product_instances_udi ON product_instances (smart_account_id, udi_pid, udi_sn);
CREATE INDEX product_instances_ha ON product_instances (smart_account_id, ha_lead_id)
  WHERE ha_lead_id <> product_instance_id;

-- Which UDIs a product instance named as members of its HA set. Two that have named each other belong to
-- one set, whoever spoke first; what only one side says joins nothing.
CREATE TABLE ha_claims (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  udi_pid             text NOT NULL,
  udi_sn              text NOT NULL,
  PRIMARY KEY (smart_account_id, product_instance_id, udi_pid, udi_sn)
);

-- What one consumer (product instance or HA set, keyed by its lead) uses of one tag.
-- points: the newest measurements, packed (services/ledger/domain/usage_timeline.h); older ones are
-- in usage_timeline_chunks. coverage: what intervals are covered, and which ends are explained.
CREATE TABLE usage_positions (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  tag_id              int NOT NULL,
  virtual_account_id  bigint NOT NULL,
  in_use              bigint NOT NULL,
  -- Order key of the measurement that sets in_use.
  latest_end_s        bigint NOT NULL,
  latest_report_id    bigint NOT NULL,
  latest_place        int NOT NULL,
  -- Which member of the HA set reported it.
  latest_product_instance_id bigint NOT NULL,
  -- Bits: of the measurement that sets in_use: 1 clock suspect, 2 unverifiable, 4 not counted by
  -- policy; of the timeline: 8 has a gap, 16 has unverifiable points, 32 a clock suspect is the
  -- last that arrived.
  flags               int NOT NULL,
  first_use_s         bigint NOT NULL,
  last_change_s       bigint NOT NULL,
  -- End of the earliest change that no acknowledgement followed when this row was written; 0 = none.
  open_change_s       bigint NOT NULL,
  chunk_count         int NOT NULL DEFAULT 0,
  points              bytea NOT NULL,
  coverage            bytea NOT NULL,
  PRIMARY KEY (smart_account_id, product_instance_id, tag_id)
) WITH (fillfactor = 80);
ALTER TABLE usage_positions ALTER COLUMN points SET STORAGE EXTERNAL;
ALTER TABLE usage_positions ALTER COLUMN coverage SET STORAGE EXTERNAL;

CREATE TABLE usage_timeline_chunks (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  tag_id              int NOT NULL,
  chunk               int NOT NULL,
  points              bytea NOT NULL,
  PRIMARY KEY (smart_account_id, product_instance_id, tag_id, chunk)
);
ALTER TABLE usage_timeline_chunks ALTER COLUMN points SET STORAGE EXTERNAL;

-- What reports showed that a person should know: one row per cause, not per report.
-- kind: 1 wrong virtual account, 2 gap, 3 clock suspect, 5 report conflict, 6 report
-- that cannot be booked, 7 HA set too large. tag_id and product_instance_id are 0 where the cause is not about one.
CREATE TABLE report_findings (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  tag_id              int NOT NULL,
  kind                smallint NOT NULL,
  detail              text NOT NULL DEFAULT '',
  first_seen_at       timestamptz NOT NULL,
  last_seen_at        timestamptz NOT NULL,
  resolved_at         timestamptz,
  PRIMARY KEY (smart_account_id, product_instance_id, tag_id, kind)
);

-- Reports that could not be booked, by their names in ingest's feed. They are tried again from time to
-- time; the row goes when that succeeds. While it is here nobody acknowledges the report.
-- product_instance_id and tag_id are those of its finding (kind 6).
CREATE TABLE set_aside_reports (
  smart_account_id    bigint NOT NULL,
  change_id           bigint NOT NULL,
  place               int NOT NULL,
  product_instance_id bigint NOT NULL,
  tag_id              int NOT NULL,
  reason              text NOT NULL,
  set_aside_at        timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, change_id, place)
);

-- How far ledger has read each feed. The row lock is the fence between replicas.
CREATE TABLE ledger_cursors (
  consumer    text PRIMARY KEY,
  incarnation int NOT NULL,
  xid         xid8 NOT NULL,
  change_id   bigint NOT NULL,
  updated_at  timestamptz NOT NULL
);

-- Answers to idempotent requests, kept 7 days.
CREATE TABLE ledger_requests (
  caller       text NOT NULL,
  request_id   text NOT NULL,
  content_hash bytea NOT NULL,
  answer       bytea NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE TABLE ledger_audit (
  smart_account_id bigint NOT NULL,
  audit_id         bigint GENERATED ALWAYS AS IDENTITY,
  recorded_at      timestamptz NOT NULL,
  actor            text NOT NULL,
  request_id       text NOT NULL,
  method           text NOT NULL,
  before           jsonb,
  after            jsonb,
  PRIMARY KEY (smart_account_id, audit_id)
);

-- Making a partition locks the table, so nobody is kept waiting for that lock for long: the caller tries
-- again. A month whose rows lie in the default partition already gets none of its own.
CREATE FUNCTION ledger_make_entry_partitions(from_time timestamptz, until_time timestamptz)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '1s' AS $$
DECLARE
  month timestamp := date_trunc('month', from_time AT TIME ZONE 'UTC');
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('ledger_make_entry_partitions'));
  WHILE month AT TIME ZONE 'UTC' <= until_time LOOP
    IF to_regclass(format('ledger_entries_%s', to_char(month, 'YYYY_MM'))) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF ledger_entries FOR VALUES FROM (%L) TO (%L)',
                       'ledger_entries_' || to_char(month, 'YYYY_MM'), month AT TIME ZONE 'UTC',
                       (month + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        RAISE WARNING 'rows of % lie in ledger_entries_default: no partition of its own for that month',
          to_char(month, 'YYYY-MM');
      END;
    END IF;
    month := month + interval '1 month';
  END LOOP;
  RETURN made;
END $$;

CREATE VIEW ledger_v1_smart_accounts AS
  SELECT smart_account_id, domain, display_name, is_default FROM smart_accounts;
CREATE VIEW ledger_v1_virtual_accounts AS
  SELECT smart_account_id, virtual_account_id, name, is_default FROM virtual_accounts;
CREATE VIEW ledger_v1_product_instances AS
  SELECT smart_account_id, product_instance_id, udi_pid, udi_sn, virtual_account_id, ever_verified,
         last_acknowledged_at FROM product_instances;
-- What the consumer of each product instance uses of at least one.
CREATE VIEW ledger_v1_tags_in_use AS
  SELECT p.smart_account_id, p.udi_pid, p.udi_sn, u.tag_id
  FROM product_instances p
  JOIN usage_positions u ON (u.smart_account_id, u.product_instance_id) = (p.smart_account_id, p.ha_lead_id)
  WHERE u.in_use > 0;
CREATE VIEW ledger_v1_cursors AS
  SELECT consumer, incarnation, xid, change_id FROM ledger_cursors;
CREATE VIEW ledger_v1_set_aside_reports AS
  SELECT smart_account_id, change_id, place FROM set_aside_reports;
CREATE VIEW ledger_v1_changes AS
  SELECT smart_account_id, change_id, incarnation, xid, recorded_at, kind, entry_count FROM ledger_changes;
CREATE VIEW ledger_v1_license_tags AS
  SELECT tag_id, tag, display_name, enforcement, term, known FROM license_tags;
