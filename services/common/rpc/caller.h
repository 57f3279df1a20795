// Who is behind a call, as the gateway found it. The gateway authenticates and authorises; it puts
// the result into metadata, and the services behind it take it as it stands, because only the
// gateway and the node's own services reach their listeners (loopback, or mTLS).
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_CALLER_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_CALLER_H_

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

namespace quartermaster::rpc {

// Metadata keys. gRPC carries any bytes under those that end in "-bin": a domain that is not ASCII must
// not arrive as none, which would mean that its caller is bound to no account.
inline constexpr char kRequestIdKey[] = "x-request-id";
inline constexpr char kActorKey[] = "x-qm-actor-bin";
inline constexpr char kSmartAccountKey[] = "x-qm-smart-account-bin";
inline constexpr char kRoleKey[] = "x-qm-role";

struct Caller {
  // Id of the API client, or "service:<name>" for the node's own; empty when nobody said.
  std::string actor{};
  // The Smart Account that the caller belongs to; empty = not bound to one.
  std::string smart_account{};
  // "administrator", "device", "service"; empty when nobody said.
  std::string role{};
};

// What the metadata of a call says.
Caller ReadCaller(const grpc::ServerContextBase& context);

// Puts the caller's non-empty fields into the metadata of an outgoing call.
void AttachCaller(const Caller& caller, grpc::ClientContext& context);

// The id of a call: the one that came with it (1 to 128 printable ASCII characters), or the one
// that the server made. The view lives as long as the call. Empty only on a server without
// rpc::ConfigureServer.
std::string_view RequestId(const grpc::ServerContextBase& context);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_CALLER_H_
