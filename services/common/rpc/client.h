// Calling another service, or a node from outside: channels, deadlines, request ids, retries.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_CLIENT_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/config/tls_files.h"
#include "services/common/rpc/caller.h"

namespace quartermaster::rpc {

struct ChannelOptions {
  // "host:port" or "unix:/path".
  std::string address;
  // TLS when tls.ca_file is set (checks the server by it), mTLS when a certificate is set too.
  // Plaintext otherwise, which is refused beyond loopback.
  config::TlsFiles tls{};
  // Name to expect in the server's certificate, where it differs from the address.
  std::string server_name{};
  int64_t message_bytes_max = 8ll << 20;
};

// A channel connects lazily and reconnects by itself; the error is about options and files only.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options);

// A channel to a server of this process, without sockets.
std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server, int64_t message_bytes_max);

// Sets the deadline, the caller, and the request id of the current log::RequestScope (or a new
// one) on an outgoing call. The one way to prepare a ClientContext.
void PrepareContext(grpc::ClientContext& context, absl::Time deadline, const Caller& caller = {});

// The same, with the call's own deadline (less 20 ms), caller and request id handed on.
void PrepareContextFrom(const grpc::ServerContextBase& incoming, grpc::ClientContext& context,
                        absl::Duration deadline_fallback = absl::Seconds(30));

struct RetryPolicy {
  // For the call and all its retries.
  absl::Duration deadline = absl::Seconds(30);
  // The wait doubles from first to max, each with up to half of it taken off at random; a server's
  // RetryInfo is waited for where it is longer.
  absl::Duration wait_first = absl::Milliseconds(20);
  absl::Duration wait_max = absl::Seconds(2);
  Caller caller{};
};

// Runs `call` with a prepared context until it succeeds, fails for good, or the deadline would
// pass; retries what errors::IsRetryable says. Blocks. `call` must be safe to repeat:
//   rpc::CallWithRetry(policy, [&](grpc::ClientContext& context) {
//     return stub->SubmitReports(&context, request, &response);
//   });
absl::Status CallWithRetry(const RetryPolicy& policy,
                           const std::function<grpc::Status(grpc::ClientContext&)>& call);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_CLIENT_H_
