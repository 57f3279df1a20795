-- Changes with every movement of an account's rights, so that who keeps them in memory sees whether they
-- still hold. Random: see services/ledger/storage/administration/rights_store.cc.
ALTER TABLE smart_accounts ADD COLUMN rights_stamp bigint NOT NULL DEFAULT 0;
-- Balances of a busy pool change in place.
ALTER TABLE lot_balances SET (fillfactor = 70);
