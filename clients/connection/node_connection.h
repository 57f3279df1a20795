// A client's connection to a node's gateway: channel, authentication, deadlines, retries.
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_NODE_CONNECTION_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_NODE_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/connection/credential.h"

namespace quartermaster::client {

// How long the server asks to wait before a retry; zero when it does not say.
absl::Duration AskedDelay(const grpc::Status& status);

// Thread-safe.
class NodeConnection {
 public:
  // Connects lazily. `patience` bounds each Call() with its retries. The credential's CA is the
  // only one that the node's certificate may end in; without a CA the channel is plaintext, which
  // is refused beyond loopback (the secret would travel in the clear).
  static absl::StatusOr<std::unique_ptr<NodeConnection>> Open(Credential credential, absl::Duration patience);

  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  const std::string& address() const { return credential_.grpc_endpoint; }
  absl::Duration patience() const { return patience_; }

  // Adds the authorization header. For streams, which set their own deadline and retry themselves.
  void Authenticate(grpc::ClientContext& context) const;

  // Runs `attempt` with a prepared context until it succeeds or fails for good, with back-off,
  // within `patience`; what the node asks to wait is cut short once where patience would end before. The
  // answer carries the node's error id; when no answer came or the node could not serve to the end, it is
  // client.unreachable with what was tried. `attempt` must be safe to repeat.
  absl::Status Call(const std::function<grpc::Status(grpc::ClientContext&)>& attempt) const;

  // The same bookkeeping for a stream: `attempt` sets no deadline and runs as long as it answers.
  // `patience` counts anew from the last time that `progressed` was set.
  absl::Status CallStream(
      const std::function<grpc::Status(grpc::ClientContext&, bool& progressed)>& attempt) const;

 private:
  void Pause(absl::Duration wait) const;
  NodeConnection(Credential credential, absl::Duration patience, std::shared_ptr<grpc::Channel> channel)
      : credential_(std::move(credential)), patience_(patience), channel_(std::move(channel)) {}

  const Credential credential_;
  const absl::Duration patience_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_NODE_CONNECTION_H_
