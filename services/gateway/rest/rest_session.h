// One connection of the REST listener: TLS, then one request after the other.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SESSION_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SESSION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "services/gateway/rest/asio.h"
#include "services/gateway/rest/rest_surroundings.h"
#include "services/gateway/tls/tls_context.h"

namespace quartermaster::gateway {

// Thread-safe. Everything happens on the strand of its socket.
class RestSession : public std::enable_shared_from_this<RestSession> {
 public:
  // `socket`'s executor is a strand. `around` outlives the session.
  RestSession(const RestSurroundings& around, asio::ip::tcp::socket socket, std::shared_ptr<SslContext> tls);

  // Serves the connection until it ends and then calls `ended`.
  void Start(std::function<void()> ended);
  // No request after the one under way; an idle connection is closed at once.
  void StopSoon();
  // Of the peer, without port; empty when it was gone already.
  const std::string& peer() const { return peer_; }
  // Now: the call behind is cancelled and the connection closed.
  void Cut();

 private:
  Awaitable<void> Run();
  Awaitable<void> ServeRequests();

  const RestSurroundings& around_;
  const std::shared_ptr<SslContext> tls_;
  std::string peer_;
  TlsStream stream_;
  beast::flat_buffer buffer_;
  // A request on it was authenticated.
  bool peer_known_ = false;
  bool busy_ = false;
  bool stopping_ = false;
  std::function<void()> cancel_call_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SESSION_H_
