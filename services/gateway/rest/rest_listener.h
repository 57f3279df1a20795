// The REST listener of the front door: HTTP/1.1 over TLS.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REST_LISTENER_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REST_LISTENER_H_

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/metrics/metrics.h"
#include "services/gateway/rest/rest_session.h"
#include "services/gateway/rest/rest_surroundings.h"
#include "services/gateway/tls/tls_context.h"

namespace quartermaster::gateway {

struct RestListenerOptions {
  // "host:port"; port 0 takes a free one.
  std::string address;
  // Connections beyond are closed as soon as they are made.
  int connections_max = 4096;
  // The same, of those from one address.
  int connections_per_address_max = 1024;
};

// Listens from Start until Stop or destruction. Thread-safe.
class RestListener {
 public:
  // All references outlive the listener. `gateway.listen_failed`.
  static absl::StatusOr<std::unique_ptr<RestListener>> Start(const RestListenerOptions& options,
                                                             RestSurroundings around, const TlsContext& tls,
                                                             metrics::Registry& registry);
  ~RestListener();

  int port() const { return port_; }
  // Takes no more connections and requests; lets those under way end.
  void StopSoon();
  // Waits for them, cuts them at the deadline, and ends the threads.
  void Stop(absl::Time deadline);

 private:
  RestListener(const RestListenerOptions& options, RestSurroundings around, const TlsContext& tls,
               metrics::Registry& registry);
  absl::Status Listen(const std::string& address);
  Awaitable<void> Accept();
  void Serve(asio::ip::tcp::socket socket);
  void Ended(int64_t id);
  std::vector<std::shared_ptr<RestSession>> Sessions();

  const RestSurroundings around_;
  const TlsContext& tls_;
  const size_t connections_max_;
  const int connections_per_address_max_;
  metrics::Gauge& connections_;
  metrics::Counter& connections_refused_;
  int port_ = 0;

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::thread> threads_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_session_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, std::shared_ptr<RestSession>> sessions_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> sessions_of_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REST_LISTENER_H_
