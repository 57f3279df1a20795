// gRPC's own messages as lines of our log.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_GRPC_LOGS_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_GRPC_LOGS_H_

namespace quartermaster::rpc {

// Process-wide; call once, after log::Configure and before the first channel or server. Its errors
// become warnings (each is seen, and judged, by a caller of ours too), the rest debug lines.
void RouteGrpcLogs();

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_GRPC_LOGS_H_
