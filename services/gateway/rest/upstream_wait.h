// Waiting in a coroutine for something that a gRPC thread tells.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_UPSTREAM_WAIT_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_UPSTREAM_WAIT_H_

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "services/gateway/rest/asio.h"

namespace quartermaster::gateway {

// Starts an operation and waits for it: `start` is given a function that must be called once, from
// any thread, with the result. The coroutine continues on its own executor.
//   const bool ok = co_await WaitFor<bool>([&](auto done) { call.Write(bytes, done); });
template <typename Result, typename Start>
Awaitable<Result> WaitFor(Start start) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(
      [](auto handler, Start begin) {
        auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
        begin(std::function<void(Result)>([waiting](Result result) {
          const auto executor = asio::get_associated_executor(*waiting);
          asio::post(executor, [waiting, result = std::move(result)]() mutable {
            std::move (*waiting)(std::move(result));
          });
        }));
      },
      asio::use_awaitable, std::move(start));
}

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_UPSTREAM_WAIT_H_
