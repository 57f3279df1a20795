// What every gRPC server of a node has: request ids, metrics, logs, limits, health, reflection.
// The process's internal server gets it from lifecycle; the gateway applies it to its own.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_SERVER_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/common/config/tls_files.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/deadline.h"

namespace quartermaster::rpc {

struct ServerOptions {
  // Outlives the server.
  metrics::Registry* metrics = nullptr;
  // Label `listener` of the call metrics: "internal", "gateway".
  std::string_view listener = "internal";
  int64_t message_bytes_max = 8ll << 20;
  // One log line per call, also for those that succeed; failures of the server's own making are
  // always logged.
  bool log_requests = false;
};

// Call once per builder, before BuildAndStart. Adds, for every method of every service:
//  - a request id (x-request-id, made when absent), readable by rpc::RequestId, logged and echoed in
//    the initial metadata;
//  - quartermaster_rpc_calls_total{listener,method,code}, …_call_seconds, …_calls_in_flight;
//  - the health service (set by SetServing) and reflection;
//  - message limits, keepalive limits.
// Works for sync, callback and completion-queue services. Costs about 3 us of processor time a call,
// most of it in gRPC's own interception.
void ConfigureServer(grpc::ServerBuilder& builder, const ServerOptions& options);

// grpc.health.v1: "" is the whole server, other names are services ("ingest").
void SetServing(grpc::Server& server, std::string_view service, bool serving);

// TLS 1.2+, with client certificates required when `files.ca_file` is set.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const config::TlsFiles& files);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_SERVER_H_
