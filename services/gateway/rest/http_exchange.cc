#include "services/gateway/rest/http_exchange.h"

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/optional.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

constexpr unsigned kHttp11 = 11;
// Of any body, streamed files included: what a signed number of bytes can say, by far.
constexpr int64_t kBodyBytesMax = int64_t{1} << 60;
constexpr char kNoRoom[] = "bytes: got more than the gateway can hold, want a retry";
constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kDrainBytesMax = 1 << 20;
constexpr absl::Duration kDrainTimeMax = absl::Seconds(2);

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HttpExchange::HttpExchange(TlsStream& stream, beast::flat_buffer& buffer, const RestLimits& limits)
    : stream_(stream), buffer_(buffer), limits_(limits) {
  parser_.header_limit(limits.header_bytes_max);
  // Bounded where it is read.
  parser_.body_limit(boost::none);
}

absl::Status HttpExchange::StatusOf(const error_code& error) const {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return HeaderTooLarge(absl::StrCat("header: got more bytes, want at most ", limits_.header_bytes_max));
  }
  if (error.category() == http::make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    return RequestMalformed(absl::StrCat("HTTP: got ", error.message(), ", want a request of HTTP/1.1"));
  }
  return absl::CancelledError(error.message());
}

Awaitable<absl::Status> HttpExchange::ReadHeader(absl::Duration idle_max) {
  if (buffer_.size() == 0) {
    AllowFor(stream_, idle_max);
    const auto [idle_error, bytes] = co_await stream_.async_read_some(buffer_.prepare(4096), kAwait);
    if (idle_error) co_return absl::CancelledError(idle_error.message());
    buffer_.commit(bytes);
  }
  AllowFor(stream_, limits_.header_time_max);
  const auto [header_error, header_bytes] =
      co_await http::async_read_header(stream_, buffer_, parser_, kAwait);
  if (header_error) co_return StatusOf(header_error);
  keep_alive_ = parser_.get().keep_alive();
  const auto announced = parser_.content_length();
  if (announced.has_value() && *announced > static_cast<uint64_t>(kBodyBytesMax)) {
    co_return BodyTooLarge(
        absl::StrCat("Content-Length: got ", *announced, ", want at most ", kBodyBytesMax));
  }
  co_return absl::OkStatus();
}

std::string_view HttpExchange::http_method() const { return View(parser_.get().method_string()); }
bool HttpExchange::is_head() const { return parser_.get().method() == http::verb::head; }
std::string_view HttpExchange::target() const { return View(parser_.get().target()); }
std::string_view HttpExchange::Field(http::field name) const { return View(parser_.get()[name]); }
std::string_view HttpExchange::Field(std::string_view name) const {
  return View(parser_.get()[beast::string_view(name.data(), name.size())]);
}
int64_t HttpExchange::announced_bytes() const {
  const auto length = parser_.content_length();
  return length.has_value() ? static_cast<int64_t>(*length) : 0;
}

Awaitable<bool> HttpExchange::AcceptBody() {
  const beast::string_view expect = parser_.get()[http::field::expect];
  if (parser_.is_done() || !beast::iequals(expect, "100-continue")) co_return true;
  AllowFor(stream_, limits_.header_time_max);
  http::response<http::empty_body> response(http::status::continue_, kHttp11);
  const auto [error, bytes] = co_await http::async_write(stream_, response, kAwait);
  co_return !error;
}

Awaitable<absl::StatusOr<std::string_view>> HttpExchange::ReadPiece(std::span<char> into) {
  size_t got = 0;
  while (got == 0 && !parser_.is_done()) {
    parser_.get().body().data = into.data();
    parser_.get().body().size = into.size();
    const auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser_, kAwait);
    if (error && error != http::error::need_buffer) co_return StatusOf(error);
    got = into.size() - parser_.get().body().size;
  }
  co_return std::string_view(into.data(), got);
}

Awaitable<absl::StatusOr<std::string>> HttpExchange::ReadBody(Admission::Ticket& ticket) {
  const absl::Status too_large =
      BodyTooLarge(absl::StrCat("body: got more bytes, want at most ", limits_.body_bytes_max));
  if (announced_bytes() > limits_.body_bytes_max) co_return too_large;
  int64_t held = announced_bytes();
  if (!ticket.Hold(held)) co_return Overloaded(kNoRoom);
  std::string body;
  body.reserve(static_cast<size_t>(held));
  const bool accepted = co_await AcceptBody();
  if (!accepted) co_return absl::CancelledError("the client is gone");
  AllowFor(stream_, limits_.body_time_max);
  const auto piece = std::make_unique<std::array<char, kPieceBytes>>();
  while (true) {
    const absl::StatusOr<std::string_view> got = co_await ReadPiece(*piece);
    if (!got.ok()) co_return got.status();
    if (got->empty()) co_return body;
    const int64_t size = static_cast<int64_t>(body.size() + got->size());
    if (size > limits_.body_bytes_max) co_return too_large;
    if (size > held) {
      if (!ticket.Hold(size - held)) co_return Overloaded(kNoRoom);
      held = size;
    }
    body.append(*got);
  }
}

template <typename Response>
void HttpExchange::AddCommonFields(Response& response, std::string_view request_id) const {
  response.set("X-Request-Id", beast::string_view(request_id.data(), request_id.size()));
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(keep_alive_);
}

Awaitable<bool> HttpExchange::WriteWhileReading(RestAnswer answer, std::string_view request_id) {
  // A body that nobody read stands in the way of the next request.
  keep_alive_ = keep_alive();
  http::response<http::string_body> response(static_cast<http::status>(answer.http_code), kHttp11,
                                             std::move(answer.body));
  response.set(http::field::content_type, answer.content_type);
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  AddCommonFields(response, request_id);
  response.prepare_payload();
  AllowFor(stream_, limits_.body_time_max);
  http::response_serializer<http::string_body> serializer(response);
  if (is_head()) {
    const auto [error, bytes] = co_await http::async_write_header(stream_, serializer, kAwait);
    co_return !error && keep_alive_;
  }
  const auto [error, bytes] = co_await http::async_write(stream_, serializer, kAwait);
  co_return !error && keep_alive_;
}

Awaitable<bool> HttpExchange::Write(RestAnswer answer, std::string_view request_id) {
  const bool more = co_await WriteWhileReading(std::move(answer), request_id);
  if (!parser_.is_done()) co_await Drain();
  co_return more;
}

Awaitable<void> HttpExchange::Drain() {
  // A connection that is closed with bytes unread is reset, and the answer with it. So the client is
  // told that nothing more comes, and what it still sends is read, without looking into it.
  beast::tcp_stream& tcp = beast::get_lowest_layer(stream_);
  error_code ignored;
  tcp.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  tcp.expires_after(absl::ToChronoMilliseconds(kDrainTimeMax));
  const auto piece = std::make_unique<std::array<char, kPieceBytes>>();
  size_t drained = 0;
  while (drained < kDrainBytesMax) {
    const auto [error, bytes] = co_await tcp.async_read_some(asio::buffer(*piece), kAwait);
    if (error) break;
    drained += bytes;
  }
}

Awaitable<bool> HttpExchange::StartPieces(std::string_view content_type, std::string_view request_id) {
  http::response<http::empty_body> response(http::status::ok, kHttp11);
  response.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  AddCommonFields(response, request_id);
  response.chunked(true);
  http::response_serializer<http::empty_body> serializer(response);
  AllowFor(stream_, limits_.body_time_max);
  const auto [error, bytes] = co_await http::async_write_header(stream_, serializer, kAwait);
  co_return !error;
}

Awaitable<bool> HttpExchange::WritePiece(std::string piece) {
  AllowFor(stream_, limits_.body_time_max);
  const auto [error, bytes] =
      co_await asio::async_write(stream_, http::make_chunk(asio::buffer(piece)), kAwait);
  co_return !error;
}

Awaitable<bool> HttpExchange::EndPieces() {
  AllowFor(stream_, limits_.body_time_max);
  const auto [error, bytes] = co_await asio::async_write(stream_, http::make_chunk_last(), kAwait);
  co_return !error;
}

}  // namespace quartermaster::gateway
