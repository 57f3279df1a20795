// Whether the files and variables that a configuration names can be used: by `check-config`, so that a
// start does not fail on them.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_CHECK_FILES_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_CHECK_FILES_H_

#include <set>
#include <string>
#include <vector>

#include "services/common/config/node_config.h"

namespace quartermaster {

// One line for each certificate, key or secret that a process with these services would fail to
// read: "field: why". Secrets of other services are left alone. Makes and changes nothing.
std::vector<std::string> CheckFiles(const config::NodeConfig& config,
                                    const std::set<std::string, std::less<>>& services);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_CHECK_FILES_H_
