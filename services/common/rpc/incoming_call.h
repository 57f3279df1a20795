// What a handler knows of a call, however it came: by gRPC, or from the gateway in the same process.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_INCOMING_CALL_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_INCOMING_CALL_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/time/time.h"
#include "services/common/rpc/caller.h"

namespace quartermaster::rpc {

struct IncomingCall {
  Caller caller;
  std::string request_id;
  // By when the handler should have its answer ready (deadline.h).
  absl::Time deadline;
};

// `deadline_fallback` as HandlerDeadline.
IncomingCall ReadIncomingCall(const grpc::ServerContextBase& context, absl::Duration deadline_fallback);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_INCOMING_CALL_H_
