// The services behind the gateway: a stub for each, and how a call is handed on to them.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_UPSTREAMS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_UPSTREAMS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/local_methods.h"
#include "services/gateway/domain/caller.h"
#include "services/gateway/methods/method_directory.h"

namespace quartermaster::gateway {

using ChannelOf = std::function<std::shared_ptr<grpc::Channel>(std::string_view service)>;

// Thread-safe.
class Upstreams {
 public:
  // One channel for each owner of a method of `directory`, which outlives this, as `local` does.
  Upstreams(const MethodDirectory& directory, const ChannelOf& channel_of, const rpc::LocalMethods& local);

  // Raw bytes in, raw bytes out.
  grpc::GenericStub& StubFor(const Method& method) { return *stubs_[method.index]; }

  // The way past gRPC; null where the owner is another process, or does not offer the method.
  const rpc::LocalMethod* LocalFor(const Method& method) const { return local_[method.index]; }

 private:
  // By method index; methods of one owner share their channel.
  std::vector<std::shared_ptr<grpc::GenericStub>> stubs_;
  std::vector<const rpc::LocalMethod*> local_;
};

// Says who calls, in which request. Nothing else of what the client sent goes further: metadata that
// looks like ours cannot be smuggled in.
void IntroduceCaller(grpc::ClientContext& context, const Caller& caller, std::string_view request_id);
// The same for a local call.
rpc::Caller Introduction(const Caller& caller);

// How much earlier the service's deadline is than the caller's, so that the inner error is the one
// that is reported.
inline constexpr absl::Duration kDeadlineShave = absl::Milliseconds(20);

// What the caller is told of an error from behind: as it came when it has an id of ours; otherwise
// with one, and a lost connection as `gateway.service_unavailable`.
absl::Status UpstreamError(const grpc::Status& status, const Method& method);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_UPSTREAMS_H_
