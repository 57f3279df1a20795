#include "services/gateway/upstream/upstreams.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/status_conversion.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {

Upstreams::Upstreams(const MethodDirectory& directory, const ChannelOf& channel_of,
                     const rpc::LocalMethods& local) {
  std::map<std::string, std::shared_ptr<grpc::GenericStub>> by_owner;
  for (const Method& method : directory.methods()) {
    auto& stub = by_owner[method.owner];
    if (stub == nullptr) stub = std::make_shared<grpc::GenericStub>(channel_of(method.owner));
    stubs_.push_back(stub);
    local_.push_back(local.Find(method.path));
  }
}

void IntroduceCaller(grpc::ClientContext& context, const Caller& caller, std::string_view request_id) {
  context.AddMetadata(rpc::kRequestIdKey, std::string(request_id));
  rpc::AttachCaller(Introduction(caller), context);
}

rpc::Caller Introduction(const Caller& caller) {
  return {.actor = caller.client_id,
          .smart_account = caller.smart_account,
          .role = std::string(RoleName(caller.role))};
}

absl::Status UpstreamError(const grpc::Status& status, const Method& method) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty()) {
    return ServiceUnavailable(
        absl::StrCat("service ", method.owner, ": got no connection, want one: ", status.error_message()));
  }
  // gRPC says no more of bytes that are not the request's message.
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_message().empty()) {
    return RequestMalformed(absl::StrCat("request: got bytes that are no ",
                                         std::string(method.descriptor->input_type()->full_name())));
  }
  return rpc::FromGrpc(status);
}

}  // namespace quartermaster::gateway
