-- Tables that authority writes: keys, trust, acknowledgements.

-- Private keys are stored encrypted under the key-encryption key, which never enters the database.
-- purpose: "ca" signs certificates, "acknowledgement" and "block" sign what their name says.
CREATE TABLE signing_keys (
  key_id                text PRIMARY KEY,
  purpose               text NOT NULL,
  alg                   text NOT NULL,
  certificate           bytea NOT NULL,
  encrypted_private_key bytea NOT NULL,
  created_at            timestamptz NOT NULL,
  not_after             timestamptz NOT NULL,
  retired_at            timestamptz
);
CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys (purpose) WHERE retired_at IS NULL;

CREATE TABLE manufacturer_cas (
  key_id      text PRIMARY KEY,
  subject     text NOT NULL,
  certificate bytea NOT NULL,
  not_after   timestamptz NOT NULL,
  imported_at timestamptz NOT NULL
);

-- Certificates bound to a UDI. key_id = lower-case hex SHA-256 of the SubjectPublicKeyInfo, as a
-- report's signature names it.
CREATE TABLE trust_certificates (
  key_id      text NOT NULL,
  udi_pid     text NOT NULL,
  udi_sn      text NOT NULL,
  certificate bytea NOT NULL,
  issuer      text NOT NULL,
  alg         text NOT NULL,
  not_before  timestamptz NOT NULL,
  not_after   timestamptz NOT NULL,
  imported_at timestamptz NOT NULL,
  revoked_at  timestamptz,
  PRIMARY KEY (key_id, udi_pid, udi_sn)
);
CREATE INDEX trust_certificates_udi ON trust_certificates (udi_pid, udi_sn);
CREATE INDEX trust_certificates_imported ON trust_certificates (imported_at);

-- One row per product instance (sender) and round: which verified reports it acknowledges.
-- reports: packed (services/authority/domain/acknowledged_reports.h).
CREATE TABLE acknowledgements (
  smart_account_id  bigint NOT NULL,
  sender_id         bigint NOT NULL,
  sequence          bigint NOT NULL,
  issued_at         timestamptz NOT NULL,
  report_count      int NOT NULL,
  -- The last change of ingest's feed that this one covers.
  through_change_id bigint NOT NULL,
  reports           bytea NOT NULL,
  PRIMARY KEY (smart_account_id, sender_id, sequence)
);
ALTER TABLE acknowledgements ALTER COLUMN reports SET STORAGE EXTERNAL;

-- Verified reports that a round passed by because ledger had set them aside. A later round acknowledges
-- them when ledger has booked them.
CREATE TABLE withheld_acknowledgements (
  smart_account_id bigint NOT NULL,
  change_id        bigint NOT NULL,
  place            int NOT NULL,
  sender_id        bigint NOT NULL,
  source_id        bigint NOT NULL,
  report_id        bigint NOT NULL,
  PRIMARY KEY (smart_account_id, change_id, place)
);

CREATE TABLE authority_changes (
  smart_account_id bigint NOT NULL,
  change_id        bigint GENERATED ALWAYS AS IDENTITY,
  incarnation      int NOT NULL,
  xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
  issued_at        timestamptz NOT NULL,
  sender_ids       bigint[] NOT NULL,
  PRIMARY KEY (smart_account_id, change_id)
);
CREATE UNIQUE INDEX authority_changes_feed ON authority_changes (incarnation, xid, change_id);

CREATE TABLE authority_cursors (
  consumer    text PRIMARY KEY,
  incarnation int NOT NULL,
  xid         xid8 NOT NULL,
  change_id   bigint NOT NULL,
  updated_at  timestamptz NOT NULL
);

CREATE TABLE authority_audit (
  audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  recorded_at timestamptz NOT NULL,
  actor       text NOT NULL,
  request_id  text NOT NULL,
  method      text NOT NULL,
  before      jsonb,
  after       jsonb
);

CREATE VIEW authority_v1_trust_certificates AS
  SELECT key_id, udi_pid, udi_sn, certificate, alg, not_before, not_after, imported_at, revoked_at
  FROM trust_certificates;
-- What sealed blocks are verified with: the block keys and the CAs that signed them.
CREATE VIEW authority_v1_block_certificates AS
  SELECT key_id, purpose, certificate FROM signing_keys WHERE purpose IN ('block', 'ca');
CREATE VIEW authority_v1_changes AS
  SELECT smart_account_id, change_id, incarnation, xid, issued_at, sender_ids FROM authority_changes;
CREATE VIEW authority_v1_acknowledgements AS
  SELECT smart_account_id, sender_id, sequence, issued_at, report_count, through_change_id
  FROM acknowledgements;
