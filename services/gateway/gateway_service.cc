#include "services/gateway/gateway_service.h"

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/config/addresses.h"
#include "services/common/lifecycle/version.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/access/admission.h"
#include "services/gateway/access/authenticator.h"
#include "services/gateway/access/first_credentials.h"
#include "services/gateway/api/node_api.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/jobs/periodic_thread.h"
#include "services/gateway/jobs/upstream_health.h"
#include "services/gateway/methods/call_journal.h"
#include "services/gateway/methods/method_directory.h"
#include "services/gateway/proxy/grpc_listener.h"
#include "services/gateway/proxy/reflection.h"
#include "services/gateway/rest/rest_listener.h"
#include "services/gateway/rest/route_table.h"
#include "services/gateway/storage/api_client_store.h"
#include "services/gateway/storage/node_facts_store.h"
#include "services/gateway/tls/server_identity.h"
#include "services/gateway/tls/tls_context.h"
#include "services/gateway/upstream/upstreams.h"

namespace quartermaster {
namespace {

using namespace gateway;  // NOLINT: this file wires that namespace

constexpr char kName[] = "gateway";
constexpr absl::Duration kHealthInterval = absl::Seconds(1);
constexpr absl::Duration kTlsRefreshInterval = absl::Seconds(5);
constexpr absl::Duration kIdentityInterval = absl::Hours(1);
// A caller waits for this long at the most while the database is away.
constexpr absl::Duration kDatabasePatience = absl::Seconds(2);
constexpr int kDatabaseConnections = 3;

pg::Options QuickOptions(pg::Options options) {
  options.patience = kDatabasePatience;
  options.statement_timeout = kDatabasePatience;
  options.connections_max = kDatabaseConnections;
  return options;
}

// Of bodies at once: even the largest documents do not come one by one only.
int64_t BytesHeldMax(const config::LimitsConfig& limits) {
  return std::max<int64_t>(64 << 20, 4 * limits.document_bytes_max);
}

// Where clients of this machine find a listener: a wildcard is no address to call.
std::string EndpointOf(const std::string& listen, int port) {
  const auto parsed = config::ParseHostPort(listen);
  std::string host = parsed.has_value() ? parsed->host : "127.0.0.1";
  if (host.empty() || host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  if (host.find(':') != std::string::npos) host = absl::StrCat("[", host, "]");
  return absl::StrCat(host, ":", port);
}

class GatewayService final : public Service {
 public:
  GatewayService(const ServiceContext& context, std::unique_ptr<MethodDirectory> directory, RouteTable routes)
      : context_(context),
        config_(*context.config),
        directory_owned_(std::move(directory)),
        directory_(*directory_owned_),
        routes_(std::move(routes)),
        reflection_(directory_),
        journal_(directory_, *context.metrics, config_.log.requests),
        admission_({.bytes_max = BytesHeldMax(config_.limits)}),
        pool_(QuickOptions(context.database(kName))),
        clients_(pool_),
        facts_(pool_) {
    identity_.directory = absl::StrCat(config_.data_directory, "/tls");
    identity_.configured = config_.gateway.tls;
    identity_.names = config_.gateway.server_names;
    identity_.node_name = config_.node_name;
  }
  ~GatewayService() override { Stop(absl::Now()); }

  std::string_view name() const override { return kName; }

  // NodeService is served to callers from outside only, by node_server_.
  void RegisterWith(grpc::ServerBuilder&) override {}

  // The machine's time, not the simulated one, is what TLS clients check certificates by.
  absl::Status EnsureIdentity() {
    ASSIGN_OR_RETURN(tls_files_, EnsureServerIdentity(identity_, absl::Now()));
    return absl::OkStatus();
  }
  absl::Status OpenTls() {
    RETURN_IF_ERROR(EnsureIdentity());
    ASSIGN_OR_RETURN(tls_, TlsContext::Open(tls_files_));
    return absl::OkStatus();
  }

  absl::Status Start() override {
    StartNodeServer();
    upstreams_.emplace(
        directory_, [this](std::string_view service) { return ChannelTo(service); }, *context_.local_methods);
    authenticator_.emplace(clients_, *context_.metrics,
                           AuthenticatorOptions{.calls_per_second_per_client = static_cast<double>(
                                                    config_.gateway.requests_per_second_per_client_max)});
    RETURN_IF_ERROR(OpenListeners());
    RETURN_IF_ERROR(EnsureCredentials());
    WatchHealth();
    health_thread_.emplace(kHealthInterval, [this] { WatchHealth(); });
    identity_thread_.emplace(kIdentityInterval, [this] { RenewIdentity(); });
    tls_thread_.emplace(kTlsRefreshInterval, [this] { RefreshTls(); });
    return absl::OkStatus();
  }

  void Stop(absl::Time deadline) override {
    if (grpc_listener_ != nullptr) grpc_listener_->SetServing("", false);
    if (health_thread_.has_value()) health_thread_->Stop();
    if (identity_thread_.has_value()) identity_thread_->Stop();
    if (tls_thread_.has_value()) tls_thread_->Stop();
    // Before the listeners: they wait for every call, and calls wait for their credential.
    if (authenticator_.has_value()) authenticator_->Stop();
    if (rest_listener_ != nullptr) rest_listener_->StopSoon();
    if (grpc_listener_ != nullptr) grpc_listener_->Stop(deadline);
    if (rest_listener_ != nullptr) rest_listener_->Stop(deadline);
    if (node_server_ != nullptr) node_server_->Shutdown(absl::ToChronoTime(deadline));
  }

  absl::Status Health() override {
    absl::MutexLock lock(&mutex_);
    return health_;
  }

 private:
  void StartNodeServer() {
    health_of_others_.emplace(std::vector<std::string>{"ingest", "ledger", "authority"},
                              [this](std::string_view service) { return ChannelTo(service); });
    node_api_.emplace(Version(), *context_.clock, facts_, *health_of_others_);
    grpc::ServerBuilder builder;
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
    builder.RegisterService(&*node_api_);
    node_server_ = builder.BuildAndStart();
    node_channel_ = node_server_->InProcessChannel(grpc::ChannelArguments());
  }

  std::shared_ptr<grpc::Channel> ChannelTo(std::string_view service) const {
    return service == kName ? node_channel_ : context_.channel(service);
  }

  absl::Status OpenListeners() {
    ASSIGN_OR_RETURN(grpc_listener_,
                     GrpcListener::Start({.address = config_.gateway.grpc_listen,
                                          .tls = tls_files_,
                                          .message_bytes_max = config_.limits.document_bytes_max,
                                          .memory_bytes_max = 2 * BytesHeldMax(config_.limits),
                                          .tls_refresh = kTlsRefreshInterval},
                                         {directory_, *authenticator_, admission_, *upstreams_, journal_,
                                          reflection_, config_.limits.call_deadline}));
    log::Info("gRPC listener", {{"address", config_.gateway.grpc_listen}});
    ASSIGN_OR_RETURN(
        rest_listener_,
        RestListener::Start({.address = config_.gateway.rest_listen,
                             .connections_max = config_.gateway.connections_max,
                             .connections_per_address_max = config_.gateway.connections_per_address_max},
                            {routes_,
                             *authenticator_,
                             admission_,
                             *upstreams_,
                             journal_,
                             [this] { return WhatIsNotReady(); },
                             Version(),
                             {.body_bytes_max = config_.limits.document_bytes_max,
                              .call_deadline = config_.limits.call_deadline}},
                            *tls_, *context_.metrics));
    log::Info("REST listener", {{"address", config_.gateway.rest_listen}});
    return absl::OkStatus();
  }

  // One line for each service that does not serve. Everybody may read it, so it says no more: the
  // reason stands in the log and in GetNode.
  std::string WhatIsNotReady() {
    std::string lines;
    for (const ServiceState& state : health_of_others_->states()) {
      if (!state.serving) absl::StrAppend(&lines, state.service, ": not serving\n");
    }
    if (!Health().ok()) absl::StrAppend(&lines, "gateway: not serving\n");
    return lines;
  }

  absl::Status EnsureCredentials() {
    // Another gateway on this directory would rewrite where the clients of the first one find it.
    std::error_code unmade;  // the lock says so
    std::filesystem::create_directories(config_.data_directory, unmade);
    ASSIGN_OR_RETURN(DirectoryLock owner, DirectoryLock::Own(config_.data_directory));
    data_directory_.emplace(std::move(owner));
    NodeEndpoints endpoints;
    endpoints.rest =
        absl::StrCat("https://", EndpointOf(config_.gateway.rest_listen, rest_listener_->port()));
    endpoints.grpc = EndpointOf(config_.gateway.grpc_listen, grpc_listener_->port());
    // Configured certificates bring no CA of their own: clients then trust the chain itself.
    endpoints.ca_certificate_file =
        tls_files_.ca_file.empty() ? tls_files_.certificate_file : tls_files_.ca_file;
    pg::Pool patient_pool(context_.database(kName));
    ApiClientStore clients(patient_pool);
    const std::string directory = absl::StrCat(config_.data_directory, "/credentials");
    const absl::Time now = context_.clock->Now();
    if (config_.gateway.administrator_secret.is_set()) {
      ASSIGN_OR_RETURN(const log::Secret secret, config_.gateway.ReadAdministratorSecret());
      RETURN_IF_ERROR(EnsureAdministrator(clients, directory, secret, endpoints, now));
    } else {
      RETURN_IF_ERROR(EnsureFirstCredential(clients, directory, Role::kAdministrator, endpoints, now));
    }
    return EnsureFirstCredential(clients, directory, Role::kDevice, endpoints, now);
  }

  void WatchHealth() {
    health_of_others_->RunOnce();
    const absl::Status database = facts_.Read().status();
    grpc_listener_->SetServing("", database.ok() && health_of_others_->all_serving());
    absl::MutexLock lock(&mutex_);
    health_ = database;
  }

  void RenewIdentity() {
    if (absl::Status status = EnsureIdentity(); !status.ok()) {
      log::Error("server certificate cannot be renewed", {{"error", status}});
    }
  }

  void RefreshTls() {
    if (absl::Status status = tls_->Refresh(); !status.ok()) {
      log::Error("new certificate files cannot be used", {{"error", status}});
    }
  }

  const ServiceContext context_;
  const config::NodeConfig& config_;
  ServerIdentityOptions identity_;
  config::TlsFiles tls_files_;
  std::unique_ptr<TlsContext> tls_;
  const std::unique_ptr<MethodDirectory> directory_owned_;
  const MethodDirectory& directory_;
  const RouteTable routes_;
  const Reflection reflection_;
  CallJournal journal_;
  Admission admission_;
  pg::Pool pool_;
  ApiClientStore clients_;
  NodeFactsStore facts_;

  std::optional<DirectoryLock> data_directory_;
  std::optional<UpstreamHealth> health_of_others_;
  std::optional<NodeApi> node_api_;
  std::unique_ptr<grpc::Server> node_server_;
  std::shared_ptr<grpc::Channel> node_channel_;
  std::optional<Upstreams> upstreams_;
  std::optional<Authenticator> authenticator_;
  std::unique_ptr<GrpcListener> grpc_listener_;
  std::unique_ptr<RestListener> rest_listener_;
  std::optional<PeriodicThread> health_thread_;
  std::optional<PeriodicThread> identity_thread_;
  std::optional<PeriodicThread> tls_thread_;

  absl::Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_) = absl::UnavailableError("starting");
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> MakeGatewayService(const ServiceContext& context) {
  auto directory = std::make_unique<MethodDirectory>(PublicFiles());
  ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Build(*directory));
  auto service = std::make_unique<GatewayService>(context, std::move(directory), std::move(routes));
  RETURN_IF_ERROR(service->OpenTls());
  return service;
}

}  // namespace quartermaster
