-- Releases of authorizations whose product instance cannot prove the removal of its code any more, and who is
-- enrolled. ledger_changes.kind, from here on also: 24 authorization released.

-- One row an authorization: what was asked for last. A request that nobody approved lapses at expires_at, and
-- the next one takes its place; ledger_audit has both.
CREATE TABLE authorization_releases (
  smart_account_id bigint NOT NULL,
  authorization_id bigint NOT NULL,
  reason           text NOT NULL,
  requested_by     text NOT NULL,
  requested_at     timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  decided_by       text NOT NULL DEFAULT '',
  decided_at       timestamptz,
  PRIMARY KEY (smart_account_id, authorization_id),
  FOREIGN KEY (smart_account_id, authorization_id) REFERENCES authorizations,
  -- Four eyes.
  CHECK (decided_at IS NULL OR (decided_by <> '' AND decided_by <> requested_by))
);

-- UDIs with a trust code of a Smart Account.
CREATE VIEW authority_v1_enrolled AS
  SELECT udi_pid, udi_sn, smart_account_id FROM trust_certificates
  WHERE smart_account_id IS NOT NULL AND revoked_at IS NULL;
