#include "services/gateway/rest/rest_session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <exception>
#include <utility>

#include "services/common/log/log.h"
#include "services/gateway/rest/http_exchange.h"
#include "services/gateway/rest/rest_call.h"

namespace quartermaster::gateway {
namespace {

// Beside the header: what is read ahead of a body.
constexpr size_t kReadAheadBytes = 64 << 10;
constexpr absl::Duration kGoodbyeTimeMax = absl::Seconds(1);

}  // namespace

RestSession::RestSession(const RestSurroundings& around, asio::ip::tcp::socket socket,
                         std::shared_ptr<SslContext> tls)
    : around_(around),
      tls_(std::move(tls)),
      stream_(std::move(socket), *tls_),
      buffer_(around.limits.header_bytes_max + kReadAheadBytes) {
  error_code error;
  const auto endpoint = beast::get_lowest_layer(stream_).socket().remote_endpoint(error);
  if (!error) peer_ = endpoint.address().to_string();
}

void RestSession::Start(std::function<void()> ended) {
  asio::co_spawn(
      stream_.get_executor(), [self = shared_from_this()] { return self->Run(); },
      [self = shared_from_this(), ended = std::move(ended)](std::exception_ptr failed) {
        // Nothing here throws but what is out of memory.
        if (failed) log::Error("a REST connection broke off");
        ended();
      });
}

Awaitable<void> RestSession::Run() {
  AllowFor(stream_, around_.limits.header_time_max);
  const auto [handshake_error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
  if (handshake_error) co_return;
  co_await ServeRequests();
  AllowFor(stream_, kGoodbyeTimeMax);
  co_await stream_.async_shutdown(kAwait);
}

Awaitable<void> RestSession::ServeRequests() {
  bool more = true;
  while (more && !stopping_) {
    HttpExchange http(stream_, buffer_, around_.limits);
    const absl::Duration idle_max =
        peer_known_ ? around_.limits.idle_time_max : around_.limits.unknown_idle_time_max;
    const absl::Status header = co_await http.ReadHeader(std::min(idle_max, around_.limits.idle_time_max));
    if (absl::IsCancelled(header)) co_return;
    busy_ = true;
    RestCall call(around_, http, peer_,
                  [this](std::function<void()> cancel) { cancel_call_ = std::move(cancel); });
    if (header.ok()) {
      more = co_await call.Handle();
    } else {
      co_await call.Refuse(header);
      more = false;
    }
    peer_known_ = peer_known_ || call.caller_known();
    busy_ = false;
  }
}

void RestSession::StopSoon() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (!self->busy_) beast::get_lowest_layer(self->stream_).close();
  });
}

void RestSession::Cut() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (self->cancel_call_) self->cancel_call_();
    beast::get_lowest_layer(self->stream_).close();
  });
}

}  // namespace quartermaster::gateway
