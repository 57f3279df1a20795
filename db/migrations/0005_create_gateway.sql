-- Tables that gateway writes: who may knock at the door.
-- role: "administrator" may call everything, "device" may submit reports and fetch acknowledgements.
CREATE TABLE api_clients (
  client_id   text PRIMARY KEY,
  role        text NOT NULL,
  -- Domain of the Smart Account that requests of this client mean when they name none; '' = the
  -- node's default.
  smart_account text NOT NULL DEFAULT '',
  secret_hash text NOT NULL,
  created_at  timestamptz NOT NULL,
  revoked_at  timestamptz
);

CREATE TABLE gateway_audit (
  audit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  recorded_at timestamptz NOT NULL,
  actor       text NOT NULL,
  request_id  text NOT NULL,
  method      text NOT NULL,
  before      jsonb,
  after       jsonb
);
