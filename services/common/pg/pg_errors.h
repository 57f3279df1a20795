// Errors of the database layer, one function each.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_PG_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_PG_ERRORS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::pg {

// No connection, connection lost before COMMIT, server starting or stopping. Retryable.
absl::Status Unavailable(std::string_view message);
// The server that answered is a standby; the primary is elsewhere or not yet chosen. Retryable.
absl::Status ReadOnly(std::string_view message);
// COMMIT was sent and its outcome is not known, or the standby may lack it. Re-read by key; sending
// the same request again is safe where it is idempotent.
absl::Status CommitInDoubt(std::string_view message);
bool IsCommitInDoubt(const absl::Status& status);
// Serialisation failure or deadlock, still there when patience ran out. Retryable.
absl::Status SerializationConflict(std::string_view message);
// Cancelled by statement_timeout or by hand. Retryable.
absl::Status StatementTimeout(std::string_view message);
// Disk, memory or connections of the server are used up. Retryable.
absl::Status OutOfResources(std::string_view message);
absl::Status AlreadyExists(std::string_view message);
absl::Status ConstraintViolated(std::string_view message);
// What no caller can cure: a defect, or a schema that is not the one we know.
absl::Status StatementFailed(std::string_view message);
// fsync, full_page_writes or synchronous_commit is off: no answer would be safe.
absl::Status DurabilityOff(std::string_view message);

// The SQLSTATE that a status from this layer carries, or "".
std::string SqlStateOf(const absl::Status& status);

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_PG_ERRORS_H_
