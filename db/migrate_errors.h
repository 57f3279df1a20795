// Errors of migrating a database.
#ifndef QUARTERMASTER_DB_MIGRATE_ERRORS_H_
#define QUARTERMASTER_DB_MIGRATE_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::db {

// Roles that are not there and that we may not make.
absl::Status RoleMissing(std::string_view message);
// We cannot act as the owner of the schema.
absl::Status NotOwner(std::string_view message);
// An applied migration is not the one that this binary knows.
absl::Status ChecksumChanged(std::string_view message);
// The database is more than one version ahead of this binary.
absl::Status DatabaseTooNew(std::string_view message);
// Another migrator did not end in time. Retryable.
absl::Status MigrationBusy(std::string_view message);
absl::Status RolePrefixInvalid(std::string_view message);

}  // namespace quartermaster::db

#endif  // QUARTERMASTER_DB_MIGRATE_ERRORS_H_
