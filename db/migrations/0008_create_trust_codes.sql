-- ID tokens and what was given for them. Additive: the release before knows none of it.

-- Written by ledger. The value lies here closed with the node's key-encryption key; it is found by its
-- digest, which says nothing about 256 random bits.
CREATE TABLE id_tokens (
  smart_account_id   bigint NOT NULL REFERENCES smart_accounts,
  id_token_id        bigint GENERATED ALWAYS AS IDENTITY,
  virtual_account_id bigint NOT NULL,
  value_digest       bytea NOT NULL,
  encrypted_value    bytea NOT NULL,
  description        text NOT NULL,
  export_controlled  boolean NOT NULL,
  -- NULL = any number.
  uses_max           int,
  uses               int NOT NULL DEFAULT 0,
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL,
  revoked_at         timestamptz,
  PRIMARY KEY (smart_account_id, id_token_id),
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts
);
CREATE UNIQUE INDEX id_tokens_value ON id_tokens (value_digest);

-- Which UDI redeemed which token, for which key. The newest one of a UDI is the home that its trust code
-- names.
CREATE TABLE id_token_redemptions (
  smart_account_id bigint NOT NULL,
  id_token_id      bigint NOT NULL,
  udi_pid          text NOT NULL,
  udi_sn           text NOT NULL,
  key_id           text NOT NULL,
  redeemed_at      timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, id_token_id, udi_pid, udi_sn),
  FOREIGN KEY (smart_account_id, id_token_id) REFERENCES id_tokens
);
CREATE INDEX id_token_redemptions_udi ON id_token_redemptions (udi_pid, udi_sn);

-- Written by authority. A trust code is a trust certificate that the authority issued itself.
ALTER TABLE trust_certificates
  -- 0 imported, 1 for an ID token, 2 for a factory certificate, 3 for the key before.
  ADD COLUMN origin            smallint NOT NULL DEFAULT 0,
  -- Of a trust code; NULL for what was imported, which is trusted by the whole node.
  ADD COLUMN smart_account_id  bigint,
  -- Of the certificate, lower-case hex; NULL for what was imported.
  ADD COLUMN serial_number     text,
  ADD COLUMN export_controlled boolean NOT NULL DEFAULT false,
  -- When it stops being good because another key of the same UDI took its place.
  ADD COLUMN retired_at        timestamptz,
  ADD COLUMN replaced_by       text,
  -- RFC 5280, 5.3.1.
  ADD COLUMN revocation_reason smallint,
  -- Of the act that revoked it, counting up in the order of commits: how readers see that there was one.
  ADD COLUMN revocation_number bigint;
CREATE INDEX trust_certificates_revocation ON trust_certificates (revocation_number)
  WHERE revocation_number IS NOT NULL;

CREATE OR REPLACE VIEW authority_v1_trust_certificates AS
  SELECT key_id, udi_pid, udi_sn, certificate, alg, not_before, not_after, imported_at, revoked_at,
         retired_at, revocation_number
  FROM trust_certificates;
