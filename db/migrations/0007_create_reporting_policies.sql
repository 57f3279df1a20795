-- Custom reporting policies (written by ledger), and which one went out with an acknowledgement
-- (written by authority, taken over by ledger).

-- One row for each time that a policy was set for a Smart Account (virtual_account_id null) or one of
-- its Virtual Accounts. It is in force from effective_at until ended_at, when another one was set or it
-- was cleared; nothing else of a row ever changes.
-- type: services/common/policy/reporting_policy.h. days: four classes (unenforced perpetual, unenforced
-- subscription, enforced, export-controlled) of three counts each (first report, ongoing, on change);
-- 0 = none required.
CREATE TABLE reporting_policies (
  smart_account_id         bigint NOT NULL REFERENCES smart_accounts,
  policy_id                bigint GENERATED ALWAYS AS IDENTITY,
  virtual_account_id       bigint,
  type                     smallint NOT NULL,
  name                     text NOT NULL,
  acknowledgement_required boolean NOT NULL,
  push_interval_days       int NOT NULL CHECK (push_interval_days BETWEEN 1 AND 3650),
  days                     int[] NOT NULL CHECK (cardinality(days) = 12 AND 0 <= ALL (days) AND 3650 >= ALL (days)),
  effective_at             timestamptz NOT NULL,
  ended_at                 timestamptz CHECK (ended_at >= effective_at),
  actor                    text NOT NULL,
  PRIMARY KEY (smart_account_id, policy_id),
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts
);
-- Whoever races, one policy at most is in force for each.
CREATE UNIQUE INDEX reporting_policies_in_force ON reporting_policies (smart_account_id, coalesce(virtual_account_id, 0))
  WHERE ended_at IS NULL;

-- The policy that came with the last acknowledgement; null beside last_acknowledged_at is the default.
ALTER TABLE product_instances ADD COLUMN delivered_policy_id bigint;
-- The policy that the acknowledgement carries; null is the default.
ALTER TABLE acknowledgements ADD COLUMN policy_id bigint;
-- By sender, 0 is the default; null when all of them have that.
ALTER TABLE authority_changes ADD COLUMN policy_ids bigint[];

CREATE VIEW ledger_v1_reporting_policies AS
  SELECT smart_account_id, policy_id, virtual_account_id, type, name, acknowledgement_required,
         push_interval_days, days, effective_at, ended_at FROM reporting_policies;
CREATE OR REPLACE VIEW authority_v1_changes AS
  SELECT smart_account_id, change_id, incarnation, xid, issued_at, sender_ids, policy_ids FROM authority_changes;
CREATE OR REPLACE VIEW authority_v1_acknowledgements AS
  SELECT smart_account_id, sender_id, sequence, issued_at, report_count, through_change_id, policy_id
  FROM acknowledgements;
