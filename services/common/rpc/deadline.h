// Deadlines of calls that a server takes.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_DEADLINE_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_DEADLINE_H_

#include <grpcpp/server_context.h>

#include "absl/time/time.h"

namespace quartermaster::rpc {

// The time by which a handler should have its own answer ready: the call's deadline less 20 ms, so
// that the inner error is the one reported; `fallback` from now when the call has none.
absl::Time HandlerDeadline(const grpc::ServerContextBase& context,
                           absl::Duration fallback = absl::Seconds(30));

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_DEADLINE_H_
