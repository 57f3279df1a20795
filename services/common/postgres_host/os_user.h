// Users of the operating system.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_OS_USER_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_OS_USER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::postgres_host {

struct OsUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// Thread-safe. Errors name the user that the system does not know.
absl::StatusOr<OsUser> UserById(uid_t uid);
absl::StatusOr<OsUser> UserByName(const std::string& name);

// Who shall run a server over `cluster_directory`: this process's user; when that is root, which
// PostgreSQL refuses, the owner of the directory, or the user "postgres" when it does not exist.
absl::StatusOr<OsUser> ServerUser(const std::string& cluster_directory);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_OS_USER_H_
