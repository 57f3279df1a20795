#include "clients/connection/node_connection.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/connection/backoff.h"
#include "clients/connection/client_errors.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::client {
namespace {

constexpr int kMessageBytesMax = 64 << 20;
// Kept of the patience for the last attempt.
constexpr absl::Duration kLastAttempt = absl::Seconds(1);

bool IsLoopback(const std::string& address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "[::1]:") || absl::StartsWith(address, "unix:");
}

// What a person is told when it never worked.
absl::Status GaveUp(const std::string& address, const absl::Status& last, int attempts,
                    absl::Duration spent) {
  const bool cannot_serve = absl::IsUnavailable(last) || absl::IsDeadlineExceeded(last);
  if (!cannot_serve) return last;
  return Unreachable(
      absl::StrCat("node at ", address, ": ", attempts, attempts == 1 ? " attempt in " : " attempts in ",
                   absl::FormatDuration(absl::Trunc(spent, absl::Milliseconds(100))),
                   ", last answer: ", errors::ErrorId(last), ": ", std::string(last.message())));
}

}  // namespace

absl::Duration AskedDelay(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return absl::ZeroDuration();
  for (const auto& any : details.details()) {
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&retry)) {
      return absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return absl::ZeroDuration();
}

absl::StatusOr<std::unique_ptr<NodeConnection>> NodeConnection::Open(Credential credential,
                                                                     absl::Duration patience) {
  const std::string& address = credential.grpc_endpoint;
  RETURN_IF_ERROR(CheckEndpointAddress(address));
  const bool plaintext = credential.ca_certificate_pem.empty();
  if (plaintext && !IsLoopback(address)) {
    return Usage(absl::StrCat("ca_certificate: got none for ", address,
                              ", want one for every address beyond loopback"));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // How long one attempt to connect may take, in spite of its name: a TLS handshake with a node that
  // has just started on a busy machine takes more than a moment.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!plaintext) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = credential.ca_certificate_pem;
    credentials = grpc::SslCredentials(tls);
  }
  auto channel = grpc::CreateCustomChannel(address, credentials, arguments);
  return std::unique_ptr<NodeConnection>(
      new NodeConnection(std::move(credential), patience, std::move(channel)));
}

void NodeConnection::Authenticate(grpc::ClientContext& context) const {
  if (credential_.client_id.empty()) return;
  context.AddMetadata("authorization",
                      absl::StrCat("Bearer ", credential_.client_id, ".", credential_.secret));
}

// While the channel is down, somebody must wait on it: gRPC connects only within calls, and calls
// fail at once on a channel that is down, so a plain sleep would leave the handshake lying.
void NodeConnection::Pause(absl::Duration wait) const {
  if (channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) {
    absl::SleepFor(wait);
  } else {
    channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + wait));
  }
}

absl::Status NodeConnection::Call(const std::function<grpc::Status(grpc::ClientContext&)>& attempt) const {
  const absl::Time deadline = absl::Now() + patience_;
  return CallStream([&](grpc::ClientContext& context, bool&) {
    context.set_deadline(absl::ToChronoTime(deadline));
    return attempt(context);
  });
}

absl::Status NodeConnection::CallStream(
    const std::function<grpc::Status(grpc::ClientContext&, bool& progressed)>& attempt) const {
  const absl::Time started = absl::Now();
  absl::Time deadline = started + patience_;
  Backoff backoff;
  bool last = false;
  for (int attempts = 1;; ++attempts) {
    grpc::ClientContext context;
    Authenticate(context);
    bool progressed = false;
    const grpc::Status answer = attempt(context, progressed);
    if (answer.ok()) return absl::OkStatus();
    if (progressed) {
      deadline = absl::Now() + patience_;
      backoff = Backoff();
      last = false;
    }
    const absl::Status status = rpc::FromGrpc(answer);
    if (!errors::IsRetryable(status)) return status;
    absl::Duration wait = backoff.Next(AskedDelay(answer));
    if (const absl::Duration left = deadline - absl::Now(); wait >= left) {
      if (last || left <= absl::ZeroDuration()) {
        return GaveUp(address(), status, attempts, absl::Now() - started);
      }
      // Patience is for waiting: what is left of it ends with one more attempt, for which there is time.
      last = true;
      wait = std::max(left - kLastAttempt, left / 2);
    }
    Pause(wait);
  }
}

}  // namespace quartermaster::client
