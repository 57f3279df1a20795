#include "services/gateway/rest/rest_listener.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/config/addresses.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/domain/address_group.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

const metrics::GaugeSpec kConnections =
    metrics::DeclareGauge("quartermaster_gateway_rest_connections", "Open connections of the REST listener.");
const metrics::CounterSpec kConnectionsRefused =
    metrics::DeclareCounter("quartermaster_gateway_rest_connections_refused_total",
                            "Connections that were closed because there were too many.");

constexpr int kThreadsMax = 4;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

}  // namespace

RestListener::RestListener(const RestListenerOptions& options, RestSurroundings around, const TlsContext& tls,
                           metrics::Registry& registry)
    : around_(std::move(around)),
      tls_(tls),
      connections_max_(static_cast<size_t>(options.connections_max)),
      connections_per_address_max_(options.connections_per_address_max),
      connections_(registry.Get(kConnections)),
      connections_refused_(registry.Get(kConnectionsRefused)),
      work_(asio::make_work_guard(io_)),
      acceptor_(asio::make_strand(io_)) {}

absl::StatusOr<std::unique_ptr<RestListener>> RestListener::Start(const RestListenerOptions& options,
                                                                  RestSurroundings around,
                                                                  const TlsContext& tls,
                                                                  metrics::Registry& registry) {
  auto listener = std::unique_ptr<RestListener>(new RestListener(options, std::move(around), tls, registry));
  RETURN_IF_ERROR(listener->Listen(options.address));
  asio::co_spawn(listener->acceptor_.get_executor(), listener->Accept(), asio::detached);
  const int threads = std::clamp<int>(std::thread::hardware_concurrency(), 1, kThreadsMax);
  for (int i = 0; i < threads; ++i) {
    listener->threads_.emplace_back([io = &listener->io_] {
      const log::ServiceScope service("gateway");
      io->run();
    });
  }
  return listener;
}

absl::Status RestListener::Listen(const std::string& address) {
  const auto failed = [&](const std::string& why) {
    return ListenFailed(absl::StrCat("gateway.rest_listen: got ", address, ": ", why));
  };
  const auto parsed = config::ParseHostPort(address);
  if (!parsed.has_value()) return failed("want host:port");
  error_code error;
  asio::ip::tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(parsed->host, std::to_string(parsed->port), asio::ip::resolver_base::passive, error);
  if (error || found.empty()) return failed(error.message());
  const asio::ip::tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed(error.message());
  port_ = acceptor_.local_endpoint().port();
  return absl::OkStatus();
}

Awaitable<void> RestListener::Accept() {
  asio::steady_timer pause(acceptor_.get_executor());
  while (acceptor_.is_open()) {
    const auto strand = asio::make_strand(io_);
    auto [error, socket] = co_await acceptor_.async_accept(strand, kAwait);
    if (!error) {
      Serve(std::move(socket));
    } else if (acceptor_.is_open()) {
      // Out of descriptors, most likely: some will come back.
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAwait);
    }
  }
}

void RestListener::Serve(asio::ip::tcp::socket socket) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  std::shared_ptr<RestSession> session;
  int64_t id = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    if (sessions_.size() >= connections_max_) {
      connections_refused_.Increment();
      return;
    }
    session = std::make_shared<RestSession>(around_, std::move(socket), tls_.current());
    int& of_address = sessions_of_address_[AddressGroup(session->peer())];
    if (of_address >= connections_per_address_max_) {
      connections_refused_.Increment();
      return;
    }
    ++of_address;
    id = next_session_++;
    sessions_.emplace(id, session);
    connections_.Set(static_cast<double>(sessions_.size()));
  }
  session->Start([this, id] { Ended(id); });
}

void RestListener::Ended(int64_t id) {
  absl::MutexLock lock(&mutex_);
  const auto session = sessions_.find(id);
  const auto of_address = sessions_of_address_.find(AddressGroup(session->second->peer()));
  if (--of_address->second == 0) sessions_of_address_.erase(of_address);
  sessions_.erase(session);
  connections_.Set(static_cast<double>(sessions_.size()));
}

std::vector<std::shared_ptr<RestSession>> RestListener::Sessions() {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<RestSession>> sessions;
  for (const auto& [id, session] : sessions_) sessions.push_back(session);
  return sessions;
}

void RestListener::StopSoon() {
  {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  asio::post(acceptor_.get_executor(), [this] { acceptor_.close(); });
  for (const auto& session : Sessions()) session->StopSoon();
}

void RestListener::Stop(absl::Time deadline) {
  if (threads_.empty()) return;
  StopSoon();
  const auto none_left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return sessions_.empty(); };
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithDeadline(absl::Condition(&none_left), deadline);
  }
  for (const auto& session : Sessions()) session->Cut();
  {
    // A session that was cut ends by itself: its call is cancelled and its socket closed.
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&none_left));
  }
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

RestListener::~RestListener() { Stop(absl::Now()); }

}  // namespace quartermaster::gateway
