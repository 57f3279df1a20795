// Errors of hosting PostgreSQL ourselves.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTGRES_HOST_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTGRES_HOST_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::postgres_host {

// No initdb and postgres where they were looked for.
absl::Status BinariesNotFound(std::string_view message);
// The data directory cannot be made, entered or written, or belongs to somebody else.
absl::Status DataDirectoryUnusable(std::string_view message);
// The server did not come up.
absl::Status StartFailed(std::string_view message);
// The server did not go down.
absl::Status StopFailed(std::string_view message);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_POSTGRES_HOST_ERRORS_H_
