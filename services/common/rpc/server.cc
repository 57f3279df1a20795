#include "services/common/rpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <mutex>
#include <utility>
#include <vector>

#include "services/common/rpc/call_observer.h"
#include "services/common/rpc/pem_files.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::rpc {
namespace {

constexpr int kMillisecond = 1;
constexpr int kSecond = 1000 * kMillisecond;

// Both are process-wide in gRPC, and wanted for every server of ours.
void EnableHealthAndReflection() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

void ConfigureServer(grpc::ServerBuilder& builder, const ServerOptions& options) {
  EnableHealthAndReflection();
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  builder.SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max));
  // Without this a second process could bind the same port and take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Dead peers are found, and none may ping more often than every ten seconds.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> observers;
  observers.push_back(MakeCallObserverFactory(options.metrics, options.listener, options.log_requests));
  builder.experimental().SetInterceptorCreators(std::move(observers));
}

void SetServing(grpc::Server& server, std::string_view service, bool serving) {
  if (auto* health = server.GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(std::string(service), serving);
  }
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const config::TlsFiles& files) {
  ASSIGN_OR_RETURN(const PemTexts pem, ReadPemFiles(files));
  grpc::SslServerCredentialsOptions options(pem.ca.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pem.ca;
  options.pem_key_cert_pairs.push_back({pem.key, pem.certificate});
  return grpc::SslServerCredentials(options);
}

}  // namespace quartermaster::rpc
