#include "db/migrate_errors.h"

#include "services/common/errors/error.h"

namespace quartermaster::db {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kRoleMissing =
    RegisterErrorKind({"migrate.role_missing", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kNotOwner =
    RegisterErrorKind({"migrate.not_owner", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kChecksumChanged =
    RegisterErrorKind({"migrate.checksum_changed", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kDatabaseTooNew =
    RegisterErrorKind({"migrate.database_too_new", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kMigrationBusy = RegisterErrorKind({"migrate.busy", absl::StatusCode::kUnavailable, true});
const ErrorKind kRolePrefixInvalid =
    RegisterErrorKind({"migrate.role_prefix_invalid", absl::StatusCode::kInvalidArgument, false});

}  // namespace

absl::Status RoleMissing(std::string_view message) { return MakeError(kRoleMissing, message); }
absl::Status NotOwner(std::string_view message) { return MakeError(kNotOwner, message); }
absl::Status ChecksumChanged(std::string_view message) { return MakeError(kChecksumChanged, message); }
absl::Status DatabaseTooNew(std::string_view message) { return MakeError(kDatabaseTooNew, message); }
absl::Status MigrationBusy(std::string_view message) { return MakeError(kMigrationBusy, message); }
absl::Status RolePrefixInvalid(std::string_view message) { return MakeError(kRolePrefixInvalid, message); }

}  // namespace quartermaster::db
