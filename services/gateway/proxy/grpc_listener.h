// The gRPC listener of the front door: TLS, and every public method of every service behind it.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_GRPC_LISTENER_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_GRPC_LISTENER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/config/tls_files.h"
#include "services/gateway/proxy/proxied_call.h"

namespace quartermaster::gateway {

struct GrpcListenerOptions {
  // "host:port"; port 0 takes a free one.
  std::string address;
  config::TlsFiles tls;
  int64_t message_bytes_max = 4 << 20;
  // Of what connections read and hold; beyond, gRPC reads no more, and then cuts.
  int64_t memory_bytes_max = 128 << 20;
  // How often the certificate files are looked at.
  absl::Duration tls_refresh = absl::Seconds(5);
};

// Listens from Start until Stop or destruction. Thread-safe.
class GrpcListener {
 public:
  // `surroundings` outlives the listener. `gateway.listen_failed`.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Start(const GrpcListenerOptions& options,
                                                             ProxySurroundings surroundings);
  ~GrpcListener();

  int port() const { return port_; }
  // For grpc.health.v1, which needs no credential: "" and each of `services`.
  void SetServing(const std::string& service, bool serving);
  // Takes no more calls, lets those under way end, and cuts them at the deadline.
  void Stop(absl::Time deadline);

 private:
  GrpcListener(ProxySurroundings surroundings) : surroundings_(std::move(surroundings)) {}

  const ProxySurroundings surroundings_;
  grpc::AsyncGenericService service_;
  std::vector<std::unique_ptr<CallQueue>> queues_;
  std::vector<std::thread> threads_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<int64_t> calls_{0};
  std::atomic<bool> stopped_{false};
  int port_ = 0;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_GRPC_LISTENER_H_
