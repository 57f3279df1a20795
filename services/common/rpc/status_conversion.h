// absl::Status to grpc::Status and back. An error travels as google.rpc.Status in the trailing
// metadata with ErrorInfo{reason = error id, domain = "quartermaster"} and, when a retry can help,
// RetryInfo. Coming back it has the same code, message, id, retryability and delay.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_STATUS_CONVERSION_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_STATUS_CONVERSION_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace quartermaster::rpc {

inline constexpr char kErrorDomain[] = "quartermaster";

grpc::Status ToGrpc(const absl::Status& status);
// Details of other domains, or that do not parse, are ignored.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_STATUS_CONVERSION_H_
