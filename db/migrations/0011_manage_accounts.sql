-- Accounts are renamed and closed; product instances are moved, removed and replaced.

-- A closed account stays in the books and takes nothing new. A domain is never used again, because reports
-- carry it from outside; the name of a closed Virtual Account may be.
ALTER TABLE smart_accounts ADD COLUMN closed_at timestamptz;
ALTER TABLE virtual_accounts
  ADD COLUMN closed_at   timestamptz,
  -- Who is told: names of API clients.
  ADD COLUMN responsible text NOT NULL DEFAULT '',
  ADD COLUMN deputy      text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX virtual_accounts_open_name ON virtual_accounts (smart_account_id, lower(name))
  WHERE closed_at IS NULL;
DROP INDEX virtual_accounts_name;

-- home_since_s: since when it is at home where it is, Unix seconds; null = always was.
-- removed_at: taken out by a person; the next contact brings it back.
-- replaced_by_id: the product instance that took its place.
ALTER TABLE product_instances
  ADD COLUMN home_since_s   bigint,
  ADD COLUMN removed_at     timestamptz,
  ADD COLUMN replaced_by_id bigint;
-- What a replaced one is found by; hardly any row has it.
CREATE INDEX product_instances_replaced ON product_instances (smart_account_id, replaced_by_id)
  WHERE replaced_by_id IS NOT NULL;

-- Where a product instance was at home before: in virtual_account_id until until_s, since the row before.
CREATE TABLE former_homes (
  smart_account_id    bigint NOT NULL,
  product_instance_id bigint NOT NULL,
  until_s             bigint NOT NULL,
  virtual_account_id  bigint NOT NULL,
  PRIMARY KEY (smart_account_id, product_instance_id, until_s)
);

CREATE OR REPLACE VIEW ledger_v1_smart_accounts AS
  SELECT smart_account_id, domain, display_name, is_default, closed_at FROM smart_accounts;
CREATE OR REPLACE VIEW ledger_v1_virtual_accounts AS
  SELECT smart_account_id, virtual_account_id, name, is_default, closed_at FROM virtual_accounts;
