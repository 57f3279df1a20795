// One request on a connection and its answer: the parts of HTTP that do not know what the request
// means.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_HTTP_EXCHANGE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_HTTP_EXCHANGE_H_

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/access/admission.h"
#include "services/gateway/rest/asio.h"
#include "services/gateway/rest/rest_answer.h"
#include "services/gateway/rest/rest_surroundings.h"

namespace quartermaster::gateway {

namespace http = boost::beast::http;

// Used by the connection's own coroutine (and, while a file streams, by one for each direction).
class HttpExchange {
 public:
  // Both outlive the exchange. `buffer` may hold what was read beyond the request before.
  HttpExchange(TlsStream& stream, beast::flat_buffer& buffer, const RestLimits& limits);

  // Waits for the request's header, and for `idle_max` until it begins. OK;
  // `gateway.header_too_large`, `gateway.body_too_large` or `gateway.request_malformed` to be
  // answered; Cancelled when the client is gone, idle or too slow.
  Awaitable<absl::Status> ReadHeader(absl::Duration idle_max);

  std::string_view http_method() const;
  // HEAD asks for what GET answers; only the header is written then.
  bool is_head() const;
  std::string_view target() const;
  // "" when there is none.
  std::string_view Field(http::field name) const;
  std::string_view Field(std::string_view name) const;
  // Of the body, 0 when it is not said.
  int64_t announced_bytes() const;

  // The whole body, at most limits.body_bytes_max: `gateway.body_too_large` and so on. Takes room for
  // it from `ticket` before it is read (`gateway.overloaded`): all that is announced, or piece by
  // piece.
  Awaitable<absl::StatusOr<std::string>> ReadBody(Admission::Ticket& ticket);
  // Tells a client that waits for it to send its body. Before ReadPiece, and not while anything else
  // is written.
  Awaitable<bool> AcceptBody();
  // The next piece of a body of any size; empty at its end.
  Awaitable<absl::StatusOr<std::string_view>> ReadPiece(std::span<char> into);

  // Answers; false when the connection is over. What of the request was not read makes it so; a
  // little of it is read then and forgotten, so that the client gets to see the answer.
  Awaitable<bool> Write(RestAnswer answer, std::string_view request_id);
  // The same, where somebody else still reads.
  Awaitable<bool> WriteWhileReading(RestAnswer answer, std::string_view request_id);

  // An answer in pieces, each written at once.
  Awaitable<bool> StartPieces(std::string_view content_type, std::string_view request_id);
  Awaitable<bool> WritePiece(std::string piece);
  Awaitable<bool> EndPieces();

  // Whether another request may follow.
  bool keep_alive() const { return keep_alive_ && parser_.is_done(); }
  // Starts the time that ReadPiece has.
  void AllowPiece() { AllowFor(stream_, limits_.idle_time_max); }
  // At once; what is under way fails.
  void Close() { beast::get_lowest_layer(stream_).close(); }

 private:
  absl::Status StatusOf(const error_code& error) const;
  template <typename Response>
  void AddCommonFields(Response& response, std::string_view request_id) const;
  Awaitable<void> Drain();

  TlsStream& stream_;
  beast::flat_buffer& buffer_;
  const RestLimits& limits_;
  http::request_parser<http::buffer_body> parser_;
  bool keep_alive_ = false;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_HTTP_EXCHANGE_H_
