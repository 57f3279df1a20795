-- Authorization codes (SLAC) and reservations: what ledger decides, and the codes that authority issues.
-- ledger_changes.kind, from here on also: 20 hold, 21 grant, 22 hold cancelled, 23 return.

-- kind: 1 authorization, 2 specific reservation, 3 permanent reservation.
-- state: 1 awaiting approval, 2 held, 3 granted, 4 confirmed, 5 return pending, 6 replaced, 7 returned,
-- 8 denied, 9 expired (services/ledger/domain/authorization_life.h).
-- virtual_account_id: whose pools give. sequence counts up per product instance and stands in the code.
CREATE TABLE authorizations (
  smart_account_id    bigint NOT NULL REFERENCES smart_accounts,
  authorization_id    bigint GENERATED ALWAYS AS IDENTITY,
  product_instance_id bigint NOT NULL,
  virtual_account_id  bigint NOT NULL,
  kind                smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  state               smallint NOT NULL CHECK (state BETWEEN 1 AND 9),
  sequence            bigint NOT NULL,
  -- The one whose code this one's replaces, once it is installed.
  replaces_authorization_id bigint,
  requested_by        text NOT NULL,
  requested_at        timestamptz NOT NULL,
  -- Of export-controlled licenses under four eyes.
  decided_by          text NOT NULL DEFAULT '',
  decided_at          timestamptz,
  -- Until when its quantity is set aside without a code; null once there is one or it has ended.
  hold_expires_at     timestamptz,
  granted_at          timestamptz,
  confirmed_at        timestamptz,
  ended_at            timestamptz,
  -- SHA-256 of the codes by which the product instance proves that it installed and removed the code.
  confirmation_hash   bytea CHECK (octet_length(confirmation_hash) = 32),
  removal_hash        bytea CHECK (octet_length(removal_hash) = 32),
  PRIMARY KEY (smart_account_id, authorization_id),
  FOREIGN KEY (smart_account_id, product_instance_id) REFERENCES product_instances,
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts,
  CHECK ((state IN (1, 2)) = (hold_expires_at IS NOT NULL)),
  CHECK (state NOT IN (3, 4, 5) OR (confirmation_hash IS NOT NULL AND removal_hash IS NOT NULL))
);
-- A product instance has at most one authorization whose code is on its way and one whose code it uses, and
-- as many reservations.
CREATE UNIQUE INDEX authorizations_one_open ON authorizations (smart_account_id, product_instance_id, (kind = 1))
  WHERE state IN (1, 2, 3);
CREATE UNIQUE INDEX authorizations_one_installed ON authorizations (smart_account_id, product_instance_id, (kind = 1))
  WHERE state IN (4, 5);
CREATE INDEX authorizations_of_instance ON authorizations (smart_account_id, product_instance_id, authorization_id);
CREATE INDEX authorizations_undecided ON authorizations (smart_account_id, authorization_id) WHERE state = 1;
CREATE INDEX authorizations_due ON authorizations (hold_expires_at) WHERE hold_expires_at IS NOT NULL;

-- How many of which tag the code is for.
CREATE TABLE authorization_lines (
  smart_account_id bigint NOT NULL,
  authorization_id bigint NOT NULL,
  tag_id           int NOT NULL REFERENCES license_tags,
  quantity         bigint NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (smart_account_id, authorization_id, tag_id),
  FOREIGN KEY (smart_account_id, authorization_id) REFERENCES authorizations
);

-- Which rights are held or reserved for it; no rows once it has ended. What a code shares with the one that
-- it replaces stays with that one until the new code is proved to be installed.
CREATE TABLE authorization_lots (
  smart_account_id   bigint NOT NULL,
  authorization_id   bigint NOT NULL,
  tag_id             int NOT NULL,
  lot_id             bigint NOT NULL,
  virtual_account_id bigint NOT NULL,
  quantity           bigint NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (smart_account_id, authorization_id, tag_id, lot_id, virtual_account_id),
  FOREIGN KEY (smart_account_id, authorization_id) REFERENCES authorizations
);

-- What each consumer (product instance, or lead of its HA set) is authorised to use of a tag, and how much
-- of that lies beyond what it reports: that much stands in license_pools.reserved of virtual_account_id.
CREATE TABLE authorized_usage (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  tag_id              int NOT NULL,
  virtual_account_id  bigint NOT NULL,
  quantity            bigint NOT NULL CHECK (quantity >= 0),
  excess              bigint NOT NULL CHECK (excess >= 0),
  PRIMARY KEY (smart_account_id, product_instance_id, tag_id)
) WITH (fillfactor = 85);
-- Whether anybody is authorised for a tag at all.
CREATE INDEX authorized_usage_tag ON authorized_usage (smart_account_id, tag_id);

-- How a Smart Account treats export-controlled licenses. Without a row it may have none.
-- approval: 1 automatic, 2 four eyes. country: ISO 3166 alpha-2.
CREATE TABLE authorization_rules (
  smart_account_id bigint PRIMARY KEY REFERENCES smart_accounts,
  export_allowed   boolean NOT NULL,
  country          text NOT NULL,
  approval         smallint NOT NULL CHECK (approval IN (1, 2)),
  changed_at       timestamptz NOT NULL
);

-- Countries to which nothing export-controlled is granted; of the node, not of an account.
CREATE TABLE restricted_countries (
  country    text PRIMARY KEY,
  added_at   timestamptz NOT NULL
);

-- The codes that were issued, as files. encrypted_code is closed with the node's key-encryption key: who
-- can read a code can say its confirmation and removal codes. content_hash is of what was asked for.
CREATE TABLE authorization_codes (
  smart_account_id bigint NOT NULL,
  authorization_id bigint NOT NULL,
  udi_pid          text NOT NULL,
  udi_sn           text NOT NULL,
  key_id           text NOT NULL,
  issued_at        timestamptz NOT NULL,
  content_hash     bytea NOT NULL CHECK (octet_length(content_hash) = 32),
  encrypted_code   bytea NOT NULL,
  PRIMARY KEY (smart_account_id, authorization_id)
);
