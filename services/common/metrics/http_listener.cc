#include "services/common/metrics/http_listener.h"

#include <openssl/crypto.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "services/common/config/addresses.h"
#include "services/common/log/log.h"
#include "services/common/metrics/metrics_errors.h"

namespace quartermaster::metrics {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr int kConnectionsMax = 64;
constexpr std::chrono::seconds kPatience{10};

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

Response Text(http::status status, std::string body, const char* type = "text/plain; charset=utf-8") {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(body);
  return response;
}

// In constant time, so that a token cannot be guessed byte by byte.
bool IsAuthorized(const Request& request, const log::Secret& token) {
  if (token.empty()) return true;
  const std::string want = "Bearer " + token.Reveal();
  const auto got = request[http::field::authorization];
  return got.size() == want.size() && CRYPTO_memcmp(got.data(), want.data(), want.size()) == 0;
}

Response Readiness(const HttpListenerOptions& options) {
  std::string body;
  bool ready = true;
  for (const ServiceReadiness& service : options.readiness()) {
    ready = ready && service.status.ok();
    body += service.service + ": ";
    if (service.status.ok()) {
      body += "ok";
    } else {
      const absl::string_view message = service.status.message();
      body.append(message.data(), message.size());
    }
    body += '\n';
  }
  return Text(ready ? http::status::ok : http::status::service_unavailable, std::move(body));
}

Response Answer(const Request& request, const Registry& registry, const HttpListenerOptions& options) {
  const std::string_view target(request.target().data(), request.target().size());
  const bool known = target == "/metrics" || target == "/healthz" || target == "/readyz";
  if (!known) return Text(http::status::not_found, "not found\n");
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response = Text(http::status::method_not_allowed, "want GET\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  if (target == "/healthz") return Text(http::status::ok, "ok\n");
  if (target == "/readyz") return Readiness(options);
  if (!IsAuthorized(request, options.bearer_token)) {
    Response response = Text(http::status::unauthorized, "want the bearer token of metrics\n");
    response.set(http::field::www_authenticate, "Bearer");
    return response;
  }
  return Text(http::status::ok, registry.Exposition(), "text/plain; version=0.0.4; charset=utf-8");
}

// One connection: reads requests and answers them until the peer leaves or is too slow.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Registry& registry, const HttpListenerOptions& options,
          int& open_connections)
      : stream_(std::move(socket)),
        registry_(registry),
        options_(options),
        open_connections_(open_connections) {
    ++open_connections_;
  }
  ~Session() { --open_connections_; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(8 << 10);
    parser_->body_limit(0);
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, size_t) {
                       if (!error) self->Write();
                     });
  }

 private:
  void Write() {
    const Request& request = parser_->get();
    response_ = Answer(request, registry_, options_);
    response_.version(request.version());
    response_.keep_alive(request.keep_alive());
    response_.prepare_payload();
    if (request.method() == http::verb::head) response_.body().clear();
    stream_.expires_after(kPatience);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error && self->response_.keep_alive()) self->Read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  const Registry& registry_;
  const HttpListenerOptions& options_;
  int& open_connections_;
};

}  // namespace

// Everything runs on `thread`, so nothing here is locked.
struct HttpListener::State {
  State(const Registry* registry_to_show, HttpListenerOptions listener_options)
      : registry(registry_to_show), options(std::move(listener_options)), acceptor(context), pause(context) {}

  void Accept() {
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return AcceptLater(error);
      // Beyond the bound the socket is closed right away.
      if (open_connections < kConnectionsMax) {
        std::make_shared<Session>(std::move(socket), *registry, options, open_connections)->Read();
      }
      Accept();
    });
  }

  // Out of file descriptors, for example: trying again at once would only burn the processor.
  void AcceptLater(beast::error_code error) {
    log::Warning("metrics listener cannot accept", {{"error", error.message()}});
    pause.expires_after(std::chrono::milliseconds(200));
    pause.async_wait([this](beast::error_code cancelled) {
      if (!cancelled) Accept();
    });
  }

  const Registry* const registry;
  const HttpListenerOptions options;
  int open_connections = 0;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::thread thread;
};

HttpListener::HttpListener(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(const Registry* registry,
                                                                  HttpListenerOptions options) {
  const auto address = config::ParseHostPort(options.address);
  if (!address.has_value()) return CannotListen(options.address, "no host:port");
  auto state = std::make_unique<State>(registry, std::move(options));
  beast::error_code error;
  const auto endpoints =
      tcp::resolver(state->context)
          .resolve(address->host, std::to_string(address->port), tcp::resolver::passive, error);
  if (error) return CannotListen(state->options.address, error.message());
  const tcp::endpoint endpoint = *endpoints.begin();
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return CannotListen(state->options.address, error.message());
  state->Accept();
  state->thread = std::thread([state = state.get()] { state->context.run(); });
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(state)));
}

HttpListener::~HttpListener() {
  state_->context.stop();
  state_->thread.join();
}

uint16_t HttpListener::port() const { return state_->acceptor.local_endpoint().port(); }

}  // namespace quartermaster::metrics
