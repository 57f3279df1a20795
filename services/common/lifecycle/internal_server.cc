#include "services/common/lifecycle/internal_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "services/common/lifecycle/lifecycle_errors.h"
#include "services/common/log/log.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/rpc_errors.h"
#include "services/common/rpc/server.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {
namespace {

// Who is called by others; nobody calls back into the gateway.
constexpr const char* kCalled[] = {"ingest", "ledger", "authority"};

constexpr int kHandlerThreadsMax = 256;

// A document travels inside a message.
int64_t MessageBytesMax(const config::NodeConfig& config) {
  return std::max<int64_t>(8 << 20, config.limits.document_bytes_max + (1 << 20));
}

bool UsesTls(const config::NodeConfig& config, std::string_view address) {
  return config.internal_tls.is_set() && !address.starts_with("unix:");
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsFor(const config::NodeConfig& config,
                                                                        const std::string& address) {
  if (UsesTls(config, address)) return rpc::ServerTls(config.internal_tls);
  // The configuration is checked too; this is the door itself.
  if (!config::IsLoopback(address)) return rpc::PlaintextBeyondLoopback(address);
  return grpc::InsecureServerCredentials();
}

}  // namespace

std::vector<std::string> InternalAddresses(const config::NodeConfig& config,
                                           const std::vector<std::string>& services) {
  std::set<std::string> addresses;
  for (const std::string& service : services) {
    if (service == "gateway") continue;
    const auto& listen = config.Service(service).listen;
    if (listen.has_value()) {
      addresses.insert(*listen);
    } else if (services.size() == 1) {
      addresses.insert(std::string(config::DefaultListen(service)));
    }
  }
  return {addresses.begin(), addresses.end()};
}

absl::StatusOr<std::unique_ptr<InternalServer>> InternalServer::Start(const config::NodeConfig& config,
                                                                      metrics::Registry& registry,
                                                                      const std::vector<Service*>& services) {
  grpc::ServerBuilder builder;
  rpc::ConfigureServer(builder, {.metrics = &registry,
                                 .listener = "internal",
                                 .message_bytes_max = MessageBytesMax(config),
                                 .log_requests = config.log.requests});
  // Handlers of the synchronous API take a thread each; beyond this many a call is refused with
  // RESOURCE_EXHAUSTED instead of waiting in memory.
  builder.SetResourceQuota(grpc::ResourceQuota("internal").SetMaxThreads(kHandlerThreadsMax));
  std::vector<std::string> names;
  for (Service* service : services) {
    service->RegisterWith(builder);
    names.emplace_back(service->name());
  }
  const std::vector<std::string> addresses = InternalAddresses(config, names);
  std::vector<int> ports(addresses.size(), -1);
  for (size_t i = 0; i < addresses.size(); ++i) {
    ASSIGN_OR_RETURN(const auto credentials, CredentialsFor(config, addresses[i]));
    builder.AddListeningPort(addresses[i], credentials, &ports[i]);
  }
  std::unique_ptr<InternalServer> result(new InternalServer());
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr) {
    const auto failed = std::find_if(ports.begin(), ports.end(), [](int port) { return port <= 0; });
    const bool known = failed != ports.end();
    return CannotListen(known ? addresses[failed - ports.begin()] : "", "an error");
  }
  for (const std::string& address : addresses) {
    log::Info("internal listener", {{"address", address}, {"tls", UsesTls(config, address)}});
  }
  for (const std::string& name : names) result->SetServing(name, false);
  result->SetServing("", false);
  RETURN_IF_ERROR(result->OpenChannels(config, services));
  return result;
}

absl::Status InternalServer::OpenChannels(const config::NodeConfig& config,
                                          const std::vector<Service*>& services) {
  for (const char* name : kCalled) {
    const bool hosted = std::any_of(services.begin(), services.end(),
                                    [&](Service* service) { return service->name() == name; });
    if (hosted) {
      channels_[name] = rpc::InProcessChannel(*server_, MessageBytesMax(config));
      continue;
    }
    rpc::ChannelOptions options;
    options.address = ServiceAddress(config, name);
    if (UsesTls(config, options.address)) options.tls = config.internal_tls;
    options.message_bytes_max = MessageBytesMax(config);
    ASSIGN_OR_RETURN(channels_[name], rpc::MakeChannel(options));
  }
  return absl::OkStatus();
}

void InternalServer::SetServing(std::string_view service, bool serving) {
  rpc::SetServing(*server_, service, serving);
}

std::shared_ptr<grpc::Channel> InternalServer::ChannelTo(std::string_view service) const {
  const auto found = channels_.find(service);
  if (found == channels_.end()) {
    fprintf(stderr, "\"%.*s\" is no service that can be called\n", static_cast<int>(service.size()),
            service.data());
    abort();
  }
  return found->second;
}

void InternalServer::Shutdown(absl::Time deadline) {
  server_->Shutdown(absl::ToChronoTime(deadline));
  server_->Wait();
}

}  // namespace quartermaster
