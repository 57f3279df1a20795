// The small HTTP listener of every process, apart from all service traffic:
//   GET /metrics   the registry in Prometheus text format; with a bearer token when one is set
//   GET /healthz   200 "ok" while the process runs
//   GET /readyz    200 when every hosted service is healthy, else 503 with one line per service
//                 (its name and state: everybody may ask)
// Everything else is 404 or 405. One thread serves all connections; slow or idle ones are cut
// after 10 s and at most 64 are open at once, so nobody can starve the scraper.
#ifndef QUARTERMASTER_SERVICES_COMMON_METRICS_HTTP_LISTENER_H_
#define QUARTERMASTER_SERVICES_COMMON_METRICS_HTTP_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/log/secret.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster::metrics {

struct ServiceReadiness {
  std::string service;
  // Its message is shown as it is.
  absl::Status status;
};

struct HttpListenerOptions {
  // "host:port"; port 0 takes a free one.
  std::string address;
  // Required for GET /metrics when not empty.
  log::Secret bearer_token{};
  // Called per /readyz, on the listener's thread. Required.
  std::function<std::vector<ServiceReadiness>()> readiness{};
};

// Listens from Start until destruction.
class HttpListener {
 public:
  static absl::StatusOr<std::unique_ptr<HttpListener>> Start(const Registry* registry,
                                                             HttpListenerOptions options);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  uint16_t port() const;

 private:
  struct State;
  explicit HttpListener(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace quartermaster::metrics

#endif  // QUARTERMASTER_SERVICES_COMMON_METRICS_HTTP_LISTENER_H_
