// Errors of configuration.
#ifndef QUARTERMASTER_SERVICES_COMMON_CONFIG_CONFIG_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_CONFIG_CONFIG_ERRORS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace quartermaster::config {

// Every mistake of a file, one a line.
absl::Status Invalid(const std::vector<std::string>& mistakes);
absl::Status FileUnreadable(std::string_view path, std::string_view why);
absl::Status SecretUnreadable(std::string_view where, std::string_view got);

}  // namespace quartermaster::config

#endif  // QUARTERMASTER_SERVICES_COMMON_CONFIG_CONFIG_ERRORS_H_
