// The version of this build, from the newest heading of CHANGELOG.md.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_VERSION_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_VERSION_H_

#include <string_view>

namespace quartermaster {

// "1.2.3" or "0.1.0-dev".
std::string_view Version();

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_VERSION_H_
