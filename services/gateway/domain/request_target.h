// The target of an HTTP request, taken apart: decoded path segments and query parameters.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_TARGET_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_TARGET_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::gateway {

struct RequestTarget {
  // "/a/b%20c?d=e" -> {"a", "b c"}.
  std::vector<std::string> segments;
  // In the order of the query; a name may occur several times.
  std::vector<std::pair<std::string, std::string>> query;
};

// `gateway.request_malformed` unless the target is an absolute path of well-formed percent escapes
// without a zero byte. In the query "+" means a blank.
absl::StatusOr<RequestTarget> ParseRequestTarget(std::string_view target);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_TARGET_H_
