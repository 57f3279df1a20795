#include "services/common/pg/pg_errors.h"

#include <string>

#include "services/common/errors/error.h"

namespace quartermaster::pg {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kUnavailable = RegisterErrorKind({"pg.unavailable", absl::StatusCode::kUnavailable, true});
const ErrorKind kReadOnly = RegisterErrorKind({"pg.read_only", absl::StatusCode::kUnavailable, true});
// Retryable because every write is idempotent by its key; the retry finds what was committed.
const ErrorKind kCommitInDoubt =
    RegisterErrorKind({"pg.commit_in_doubt", absl::StatusCode::kUnavailable, true});
const ErrorKind kSerializationConflict =
    RegisterErrorKind({"pg.serialization_conflict", absl::StatusCode::kAborted, true});
const ErrorKind kStatementTimeout =
    RegisterErrorKind({"pg.statement_timeout", absl::StatusCode::kDeadlineExceeded, true});
const ErrorKind kOutOfResources =
    RegisterErrorKind({"pg.out_of_resources", absl::StatusCode::kResourceExhausted, true});
const ErrorKind kAlreadyExists =
    RegisterErrorKind({"pg.already_exists", absl::StatusCode::kAlreadyExists, false});
const ErrorKind kConstraintViolated =
    RegisterErrorKind({"pg.constraint_violated", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kStatementFailed =
    RegisterErrorKind({"pg.statement_failed", absl::StatusCode::kInternal, false});
const ErrorKind kDurabilityOff =
    RegisterErrorKind({"pg.durability_off", absl::StatusCode::kFailedPrecondition, false});

}  // namespace

absl::Status Unavailable(std::string_view message) { return MakeError(kUnavailable, message); }
absl::Status ReadOnly(std::string_view message) { return MakeError(kReadOnly, message); }
absl::Status CommitInDoubt(std::string_view message) { return MakeError(kCommitInDoubt, message); }
bool IsCommitInDoubt(const absl::Status& status) { return errors::ErrorId(status) == kCommitInDoubt.id; }
absl::Status SerializationConflict(std::string_view message) {
  return MakeError(kSerializationConflict, message);
}
absl::Status StatementTimeout(std::string_view message) { return MakeError(kStatementTimeout, message); }
absl::Status OutOfResources(std::string_view message) { return MakeError(kOutOfResources, message); }
absl::Status AlreadyExists(std::string_view message) { return MakeError(kAlreadyExists, message); }
absl::Status ConstraintViolated(std::string_view message) { return MakeError(kConstraintViolated, message); }
absl::Status StatementFailed(std::string_view message) { return MakeError(kStatementFailed, message); }
absl::Status DurabilityOff(std::string_view message) { return MakeError(kDurabilityOff, message); }

}  // namespace quartermaster::pg
