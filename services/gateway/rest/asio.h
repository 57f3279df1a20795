// The names of Asio and Beast that the REST listener uses. Operations answer (error, value) instead
// of throwing.
//
// For g++ 12, whose coroutines have two defects: give what is awaited a name before deciding by it
// (the frame is laid out wrongly when co_await stands in the condition of an `if` or `while`), and
// give arguments of an awaited call names (a temporary made by `?:` is destroyed twice).
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_ASIO_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_ASIO_H_

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>

#include "absl/time/time.h"

namespace quartermaster::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

template <typename T>
using Awaitable = asio::awaitable<T>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Cuts the connection when the operations that start next take longer.
inline void AllowFor(TlsStream& stream, absl::Duration time) {
  beast::get_lowest_layer(stream).expires_after(absl::ToChronoMilliseconds(time));
}

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_ASIO_H_
