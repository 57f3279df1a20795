#include "services/common/rpc/incoming_call.h"

#include "services/common/rpc/deadline.h"

namespace quartermaster::rpc {

IncomingCall ReadIncomingCall(const grpc::ServerContextBase& context, absl::Duration deadline_fallback) {
  return {ReadCaller(context), std::string(RequestId(context)), HandlerDeadline(context, deadline_fallback)};
}

}  // namespace quartermaster::rpc
