// Finds the PostgreSQL that is installed on this machine.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_BINARIES_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_BINARIES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::postgres_host {

// Directories that hold both initdb and postgres, newest version first: the versioned ones below
// each of `roots` ("<root>/<major>/bin" and "<root>-<major>/bin"), then those of `path`, which is
// in the form of PATH.
std::vector<std::string> BinaryDirectories(const std::vector<std::string>& roots, const std::string& path);

// The directory to use: `configured` when it is not empty, else the first of BinaryDirectories over
// the usual places. An existing cluster needs its own major version (`cluster_major`, 0 = none yet).
absl::StatusOr<std::string> FindBinaryDirectory(const std::string& configured, int cluster_major);

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_BINARIES_H_
