#include "services/common/rpc/client.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/config/addresses.h"
#include "services/common/errors/error.h"
#include "services/common/ids/request_id.h"
#include "services/common/log/log.h"
#include "services/common/rpc/deadline.h"
#include "services/common/rpc/pem_files.h"
#include "services/common/rpc/retry_wait.h"
#include "services/common/rpc/rpc_errors.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::rpc {
namespace {

grpc::ChannelArguments Arguments(int64_t message_bytes_max) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  arguments.SetMaxSendMessageSize(static_cast<int>(message_bytes_max));
  // A service that comes back is found within seconds, and every replica behind a name is used.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  // Retries are CallWithRetry's, which knows our errors.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ChannelOptions& options) {
  if (options.tls.ca_file.empty()) {
    if (!config::IsLoopback(options.address)) return PlaintextBeyondLoopback(options.address);
    return grpc::InsecureChannelCredentials();
  }
  ASSIGN_OR_RETURN(PemTexts pem, ReadPemFiles(options.tls));
  return grpc::SslCredentials({std::move(pem.ca), std::move(pem.key), std::move(pem.certificate)});
}

void AttachRequestId(grpc::ClientContext& context, std::string_view id) {
  context.AddMetadata(kRequestIdKey, std::string(id));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options) {
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ChannelCredentials> credentials, Credentials(options));
  grpc::ChannelArguments arguments = Arguments(options.message_bytes_max);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(options.address, credentials, arguments);
}

std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server, int64_t message_bytes_max) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  arguments.SetMaxSendMessageSize(static_cast<int>(message_bytes_max));
  return server.InProcessChannel(arguments);
}

void PrepareContext(grpc::ClientContext& context, absl::Time deadline, const Caller& caller) {
  context.set_deadline(absl::ToChronoTime(deadline));
  AttachCaller(caller, context);
  if (const std::string_view id = log::CurrentRequestId(); !id.empty()) {
    AttachRequestId(context, id);
  } else {
    const ids::RequestId made = ids::NewRequestId();
    AttachRequestId(context, {made.data(), made.size()});
  }
}

void PrepareContextFrom(const grpc::ServerContextBase& incoming, grpc::ClientContext& context,
                        absl::Duration deadline_fallback) {
  const std::string_view id = RequestId(incoming);
  const log::RequestScope scope(id.empty() ? log::CurrentRequestId() : id);
  PrepareContext(context, HandlerDeadline(incoming, deadline_fallback), ReadCaller(incoming));
}

absl::Status CallWithRetry(const RetryPolicy& policy,
                           const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  const absl::Time deadline = absl::Now() + policy.deadline;
  // All attempts are one request to whoever reads the logs.
  const ids::RequestId made = ids::NewRequestId();
  const std::string_view current = log::CurrentRequestId();
  const log::RequestScope scope(current.empty() ? std::string_view(made.data(), made.size()) : current);
  RetryWait wait(policy.wait_first, policy.wait_max);
  while (true) {
    grpc::ClientContext context;
    PrepareContext(context, deadline, policy.caller);
    const absl::Status status = FromGrpc(call(context));
    if (status.ok() || !errors::IsRetryable(status)) return status;
    const absl::Duration pause = wait.Next(errors::RetryDelay(status));
    if (absl::Now() + pause >= deadline) return status;
    absl::SleepFor(pause);
  }
}

}  // namespace quartermaster::rpc
