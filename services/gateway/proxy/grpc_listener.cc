#include "services/gateway/proxy/grpc_listener.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/log/log.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {
namespace {

constexpr int kMillisecond = 1;
constexpr int kSecond = 1000 * kMillisecond;
// So many calls wait to be taken on each queue; more connections are taken as these are used up.
constexpr int kWaitingCalls = 64;
// Above the document itself: names of accounts, and the framing of the message.
constexpr int64_t kMessageOverheadBytes = 64 << 10;

// gRPC adds its reflection plugin to every server of a process that links it; ours answers instead.
class WithoutReflectionPlugin final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

std::shared_ptr<grpc::ServerCredentials> Tls(const config::TlsFiles& files, absl::Duration refresh) {
  using namespace grpc::experimental;  // NOLINT: the watched files are there only
  const auto refresh_s = std::max<int64_t>(1, absl::ToInt64Seconds(refresh));
  auto provider = std::make_shared<FileWatcherCertificateProvider>(files.key_file, files.certificate_file,
                                                                   static_cast<unsigned int>(refresh_s));
  TlsServerCredentialsOptions options(std::move(provider));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return TlsServerCredentials(options);
}

void SetLimits(grpc::ServerBuilder& builder, int64_t message_bytes_max) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max + kMessageOverheadBytes));
  builder.SetMaxSendMessageSize(-1);  // the service behind bounds its answers
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  // Headers: a credential, a request id and what clients add by themselves.
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
  // Slow handshakes and dead or idle connections do not pile up.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 120 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * kSecond);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * kSecond);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Start(const GrpcListenerOptions& options,
                                                                  ProxySurroundings surroundings) {
  auto listener = std::unique_ptr<GrpcListener>(new GrpcListener(std::move(surroundings)));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<WithoutReflectionPlugin>());
  SetLimits(builder, options.message_bytes_max);
  grpc::ResourceQuota memory("gateway");
  memory.Resize(static_cast<size_t>(options.memory_bytes_max));
  builder.SetResourceQuota(memory);
  builder.RegisterAsyncGenericService(&listener->service_);
  builder.AddListeningPort(options.address, Tls(options.tls, options.tls_refresh), &listener->port_);
  // A core each: local methods do their work on them.
  const int queues = std::max<int>(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 0; i < queues; ++i) {
    listener->queues_.push_back(std::make_unique<CallQueue>(builder.AddCompletionQueue(),
                                                            listener->surroundings_.message_time_max,
                                                            listener->surroundings_.call_deadline));
  }
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr || listener->port_ == 0) {
    for (auto& queue : listener->queues_) queue->Shutdown();
    return ListenFailed(
        absl::StrCat("gateway.grpc_listen: got ", options.address, ", which cannot be listened on"));
  }
  for (auto& queue : listener->queues_) {
    for (int i = 0; i < kWaitingCalls; ++i) {
      ProxiedCall::ServeNext(listener->surroundings_, listener->service_, *queue, listener->calls_);
    }
    listener->threads_.emplace_back([&queue] {
      const log::ServiceScope service("gateway");
      queue->Run();
    });
  }
  return listener;
}

void GrpcListener::SetServing(const std::string& service, bool serving) {
  if (auto* health = server_->GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(service, serving);
  }
}

void GrpcListener::Stop(absl::Time deadline) {
  if (stopped_.exchange(true) || server_ == nullptr) return;
  server_->Shutdown(absl::ToChronoTime(deadline));
  // All are cancelled by now; each may start an operation or two before it ends.
  for (int64_t left = calls_.load(); left != 0; left = calls_.load()) calls_.wait(left);
  for (auto& queue : queues_) queue->Shutdown();
  for (std::thread& thread : threads_) thread.join();
}

GrpcListener::~GrpcListener() {
  Stop(absl::Now());
  // Where Start failed there are no threads; gRPC wants its queues empty all the same.
  for (auto& queue : queues_) {
    if (threads_.empty()) queue->Run();
  }
}

}  // namespace quartermaster::gateway
