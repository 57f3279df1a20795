// Where the Unix socket of the embedded server is.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SOCKET_DIRECTORY_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SOCKET_DIRECTORY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/common/postgres_host/os_user.h"

namespace quartermaster::postgres_host {

// Whether the socket's path in this directory is short enough (107 bytes, of sun_path).
bool SocketPathFits(std::string_view directory);

// <data_directory>/run where that is short enough. Otherwise a private directory below the first
// of $XDG_RUNTIME_DIR, /run and /tmp where one can be made; its path is recorded in
// <data_directory>/postgres.socket_directory and used again while it is still ours. The directory
// exists afterwards, belongs to `owner`, and has mode 0700.
absl::StatusOr<std::string> MakeSocketDirectory(const std::string& data_directory, const OsUser& owner);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_SOCKET_DIRECTORY_H_
