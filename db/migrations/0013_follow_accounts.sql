-- Where the content of a closed Virtual Account went: what belongs to the one that bought a right goes on there.
ALTER TABLE virtual_accounts ADD COLUMN closed_into bigint;
ALTER TABLE virtual_accounts ADD FOREIGN KEY (smart_account_id, closed_into) REFERENCES virtual_accounts;

-- Members that had authorizations when they joined an HA set: their row is empty until the rights have followed
-- to the home of the set's lead.
CREATE INDEX authorized_usage_joined ON authorized_usage (smart_account_id, product_instance_id) WHERE quantity = 0;
