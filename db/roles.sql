-- Who may do what: one writer a table. Applied after every migration, as the owner; idempotent.
-- The roles themselves are made by the node (embedded) or by the database's administrator (external).
-- Read this beside db/README.md; a test compares both with the database.

REVOKE ALL ON ALL TABLES IN SCHEMA quartermaster FROM qm_ingest, qm_ledger, qm_authority, qm_gateway;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA quartermaster FROM qm_ingest, qm_ledger, qm_authority, qm_gateway;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA quartermaster
  FROM PUBLIC, qm_ingest, qm_ledger, qm_authority, qm_gateway;
GRANT USAGE ON SCHEMA quartermaster TO qm_ingest, qm_ledger, qm_authority, qm_gateway;
GRANT SELECT ON database_incarnations, schema_migrations TO qm_ingest, qm_ledger, qm_authority, qm_gateway;

-- ingest
GRANT SELECT, INSERT ON report_senders, report_sources, rum_reports, report_other_payloads,
  ingest_changes, poll_tickets, body_dictionaries TO qm_ingest;
-- A group of reports needs its change id before its rows.
GRANT USAGE ON SEQUENCE ingest_changes_change_id_seq TO qm_ingest;
GRANT SELECT, INSERT, UPDATE ON report_identities TO qm_ingest;
-- Deleted only where they were erased.
GRANT SELECT, INSERT, UPDATE, DELETE ON report_system_infos TO qm_ingest;
GRANT SELECT, INSERT, DELETE ON rum_reports_kept TO qm_ingest;
GRANT SELECT ON ledger_v1_smart_accounts, ledger_v1_virtual_accounts, ledger_v1_product_instances,
  ledger_v1_cursors, ingest_v1_changes, authority_v1_trust_certificates,
  authority_v1_acknowledgements, ledger_v1_set_aside_reports, ledger_v1_report_openings, ledger_v1_holds,
  ledger_v1_instance_erasures,
  ledger_v1_reports_without_opening, ledger_v1_position_reports, ledger_v1_open_conflicts,
  authority_v1_withheld_reports, ingest_v1_stored_reports, ingest_v1_report_months,
  ingest_v1_reasons_to_stay TO qm_ingest;
GRANT EXECUTE ON FUNCTION ingest_make_report_partitions(timestamptz, timestamptz),
  ingest_keep_reports(timestamptz, timestamptz, int), ingest_drop_report_month(timestamptz) TO qm_ingest;

-- ledger
GRANT SELECT, INSERT ON ledger_changes, ledger_entries, ledger_blocks, ledger_audit, entitlements, ha_claims,
  former_homes, authorization_lines, report_openings TO qm_ledger;
GRANT SELECT, INSERT, UPDATE ON unverifiable_policies, smart_accounts, virtual_accounts,
  license_tags, lot_balances, license_pools, product_instances, ledger_cursors, report_findings,
  reporting_policies, id_tokens, authorizations, authorization_rules, authorization_releases, account_holds, instance_erasures TO qm_ledger;
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_positions, usage_timeline_chunks, set_aside_reports,
  license_substitutions, ledger_requests, landing_rules, authorization_lots, authorized_usage,
  restricted_countries TO qm_ledger;
-- A person may take back that a product instance redeemed one.
GRANT SELECT, INSERT, DELETE ON id_token_redemptions TO qm_ledger;
-- Only what is left of drafts is ever deleted.
GRANT SELECT, INSERT, DELETE ON report_opening_sources, report_opening_exceptions TO qm_ledger;
GRANT USAGE ON SEQUENCE report_opening_drafts TO qm_ledger;
GRANT SELECT ON ingest_v1_changes, ingest_v1_reports, ingest_v1_report_bodies, ingest_v1_sources,
  ingest_v1_senders, ingest_v1_identities, ingest_v1_other_payloads, ingest_v1_body_dictionaries,
  ingest_v1_system_infos, ingest_v1_report_months, authority_v1_changes, authority_v1_block_certificates,
  authority_v1_acknowledgements, authority_v1_enrolled, ledger_v1_changes TO qm_ledger;
-- A new product instance leads its own HA set, so its id is drawn before its row is written.
GRANT USAGE ON SEQUENCE product_instances_product_instance_id_seq, entitlements_lot_id_seq TO qm_ledger;
GRANT EXECUTE ON FUNCTION ledger_make_entry_partitions(timestamptz, timestamptz) TO qm_ledger;

-- authority
GRANT SELECT, INSERT, UPDATE ON signing_keys, manufacturer_cas, trust_certificates,
  authority_cursors TO qm_authority;
GRANT SELECT, INSERT ON acknowledgements, authority_changes, authority_audit, authorization_codes TO qm_authority;
GRANT SELECT, INSERT, DELETE ON withheld_acknowledgements TO qm_authority;
GRANT SELECT ON ingest_v1_changes, ingest_v1_reports, ingest_v1_sources, ingest_v1_senders,
  ingest_v1_poll_tickets, ingest_v1_identities, ledger_v1_cursors, ledger_v1_smart_accounts,
  ledger_v1_product_instances, ledger_v1_license_tags, ledger_v1_tags_in_use,
  ledger_v1_set_aside_reports, ledger_v1_reporting_policies TO qm_authority;

-- gateway
GRANT SELECT, INSERT, UPDATE ON api_clients TO qm_gateway;
GRANT SELECT, INSERT ON gateway_audit TO qm_gateway;
