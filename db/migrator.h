// Brings a database to the schema of this binary. Every node may do so at its start: one does it,
// the others wait and find it done.
#ifndef QUARTERMASTER_DB_MIGRATOR_H_
#define QUARTERMASTER_DB_MIGRATOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "db/migrations.h"

namespace quartermaster::db {

struct MigrateOptions {
  // First part of the role names: "<prefix>owner", "<prefix>ingest" and so on.
  std::string role_prefix = "qm_";
  // How long to wait for the database, for another migrator, and for locks that traffic holds.
  absl::Duration patience = absl::Minutes(5);
  // How long one statement may wait for a lock, and everybody behind it; then it is tried again.
  absl::Duration lock_timeout = absl::Seconds(3);
  // Called with one line per migration that is about to run. May be empty.
  std::function<void(std::string_view event)> on_event;
  // What to apply; Migrations() unless a test says otherwise.
  const std::vector<Migration>* migrations = nullptr;
};

struct MigrateResult {
  int version_before = 0;  // 0: the schema was not there
  int version = 0;
  int32_t incarnation = 0;
  // The data came from another server: readers of change feeds take all older changes as committed.
  bool incarnation_is_new = false;
};

// Connects as a superuser, as "<prefix>owner", or as a role that may become it, and
//   - makes the roles that are missing, where it may (else `migrate.role_missing` names them);
//   - makes the schema quartermaster, owned by "<prefix>owner";
//   - applies each missing migration in a transaction of its own, recorded in schema_migrations;
//   - applies roles.sql;
//   - begins a new incarnation when the server's system identifier changed (see
//     migrations/0001_create_foundation.sql).
// Refuses: an applied migration whose text was changed since (`migrate.checksum_changed`), and a
// database that is more than one version ahead (`migrate.database_too_new`). One version ahead is
// what a rolling upgrade looks like to the nodes that are still to come: it is left as it is.
absl::StatusOr<MigrateResult> Migrate(const std::string& owner_connection_string,
                                      const MigrateOptions& options = {});

}  // namespace quartermaster::db

#endif  // QUARTERMASTER_DB_MIGRATOR_H_
