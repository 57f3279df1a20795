-- What every service leans on: the incarnation of this database.
-- Transaction ids order the change feeds, and they start anew when a dump is restored into another
-- server. Each start compares the server's system identifier with the newest row here; when they
-- differ a new incarnation begins, and every change of an older incarnation counts as committed.

CREATE TABLE database_incarnations (
  incarnation       int PRIMARY KEY,
  incarnation_id    uuid NOT NULL DEFAULT gen_random_uuid(),
  system_identifier bigint NOT NULL,
  started_at        timestamptz NOT NULL DEFAULT now()
);

INSERT INTO database_incarnations (incarnation, system_identifier)
SELECT 1, system_identifier FROM pg_control_system();
