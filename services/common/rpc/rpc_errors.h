// Errors of channels, listeners and callers.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_RPC_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_RPC_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::rpc {

absl::Status TlsFileUnreadable(std::string_view path, std::string_view got);
// `bound_to`: the Smart Account of the caller.
absl::Status SmartAccountDenied(std::string_view bound_to);
absl::Status PlaintextBeyondLoopback(std::string_view address);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_RPC_ERRORS_H_
