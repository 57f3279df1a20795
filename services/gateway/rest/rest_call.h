// One REST request from its header to its answer: who calls, which RPC is meant, may they, and what
// the service behind says.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REST_CALL_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REST_CALL_H_

#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/access/call_rights.h"
#include "services/gateway/domain/request_target.h"
#include "services/gateway/rest/asio.h"
#include "services/gateway/rest/http_exchange.h"
#include "services/gateway/rest/rest_surroundings.h"

namespace quartermaster::gateway {

// Belongs to the connection's coroutine.
class RestCall {
 public:
  // How whoever stops the listener can end the call that waits behind; called with the function to
  // do so, and with null when there is nothing to end.
  using OnCancellable = std::function<void(std::function<void()>)>;

  RestCall(const RestSurroundings& around, HttpExchange& http, std::string peer,
           OnCancellable on_cancellable);

  // Handles the request whose header was read. False when the connection is over.
  Awaitable<bool> Handle();
  // Answers a request whose header was refused.
  Awaitable<bool> Refuse(absl::Status refusal);
  // Whether the request brought a good credential.
  bool caller_known() const { return client_ != nullptr; }

 private:
  // The pages that need no credential; none for other paths.
  std::optional<RestAnswer> OpenPage() const;
  // After the pages that everybody may see.
  Awaitable<bool> HandleCall();
  // Sets client_, match_, right_ and ticket_ or says why not.
  Awaitable<absl::Status> Admit();
  Awaitable<absl::Status> Authenticate();
  Awaitable<absl::StatusOr<RestAnswer>> CallService();
  Awaitable<bool> Answer(absl::StatusOr<RestAnswer> answer);
  void WriteJournal(const absl::Status& status);

  const RestSurroundings& around_;
  HttpExchange& http_;
  const std::string peer_;
  const OnCancellable on_cancellable_;

  int64_t started_ns_ = 0;
  std::string request_id_;
  RequestTarget target_;
  std::vector<std::string> allowed_methods_;
  RouteMatch match_;
  KnownClientPtr client_;
  CallRight right_;
  std::optional<Admission::Ticket> ticket_;
  bool refused_here_ = true;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REST_CALL_H_
