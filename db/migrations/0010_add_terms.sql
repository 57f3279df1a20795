-- Which rights of a pool go first: services/ledger/domain/consumption_order.h.
ALTER TABLE smart_accounts ADD COLUMN consumption_order smallint NOT NULL DEFAULT 1;

-- Where purchases land that name no Virtual Account. An empty order or tag stands for any.
CREATE TABLE landing_rules (
  smart_account_id   bigint NOT NULL,
  order_id           text COLLATE "C" NOT NULL,
  tag                text COLLATE "C" NOT NULL,
  virtual_account_id bigint NOT NULL,
  created_at         timestamptz NOT NULL,
  PRIMARY KEY (smart_account_id, order_id, tag),
  FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts,
  CHECK (order_id <> '' OR tag <> '')
);

-- What is still available of lots that have ended. Neither index has a column that a movement changes, so
-- balances of a busy pool go on changing in place.
CREATE INDEX entitlements_end ON entitlements (end_at) WHERE end_at IS NOT NULL;
CREATE INDEX lot_balances_available ON lot_balances (smart_account_id, lot_id) WHERE state = 2;
