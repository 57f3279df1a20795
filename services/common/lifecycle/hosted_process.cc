#include "services/common/lifecycle/hosted_process.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/time/clock.h"
#include "services/common/lifecycle/lifecycle_errors.h"
#include "services/common/lifecycle/process_metrics.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster {
namespace {

std::vector<std::string> NamesOf(const std::vector<HostedService>& services) {
  std::vector<std::string> names;
  for (const HostedService& service : services) names.push_back(service.name);
  return names;
}

// "allinone" and the test programs have their listener in the metrics section.
std::string MetricsAddress(const config::NodeConfig& config, const std::string& process) {
  const auto service = config.services.find(process);
  if (service == config.services.end()) return config.metrics.listen;
  return service->second.metrics_listen.value_or(std::string(config::DefaultMetricsListen(process)));
}

}  // namespace

HostedProcess::HostedProcess(const config::NodeConfig& config, std::string_view process,
                             std::vector<HostedService> services)
    : config_(config),
      process_(process),
      hosted_(std::move(services)),
      names_(NamesOf(hosted_)),
      clock_(config.clock.offset),
      process_metrics_(ReportProcess(registry_)),
      board_(names_, registry_),
      local_methods_(&registry_, config.log.requests) {}

HostedProcess::~HostedProcess() = default;

HostedProcess::Outcome HostedProcess::Start(const std::function<bool()>& stop_requested) {
  if (config_.clock.offset != absl::ZeroDuration()) {
    log::Warning("the clock is offset: a simulation", {{"seconds", config_.clock.offset}});
  }
  if (absl::Status status = ListenForMetrics(); !status.ok()) return {status, kExitFailed};
  board_.Starting("database");
  if (absl::Status status = PrepareDatabase(stop_requested); !status.ok()) {
    return {status, kExitUnavailable};
  }
  if (stop_requested()) return {Stopping(), kExitOk};
  board_.Starting("services");
  if (absl::Status status = MakeServices(); !status.ok()) return {status, kExitFailed};
  if (absl::Status status = StartServices(); !status.ok()) return {status, kExitFailed};
  board_.Watch(Services(),
               [this](std::string_view service, bool serving) { server_->SetServing(service, serving); });
  return {};
}

absl::Status HostedProcess::ListenForMetrics() {
  metrics::HttpListenerOptions options;
  options.address = MetricsAddress(config_, process_);
  options.readiness = [this] { return board_.Readiness(); };
  if (config_.metrics.token.is_set()) {
    ASSIGN_OR_RETURN(options.bearer_token, config_.metrics.token.Read());
  }
  ASSIGN_OR_RETURN(metrics_listener_, metrics::HttpListener::Start(&registry_, options));
  log::Info("metrics listener", {{"address", options.address}});
  return absl::OkStatus();
}

absl::Status HostedProcess::PrepareDatabase(const std::function<bool()>& stop_requested) {
  ASSIGN_OR_RETURN(database_, DatabaseAccess::Open(config_, names_));
  if (database_->migrates_at_start()) {
    board_.Starting("migrations");
    RETURN_IF_ERROR(database_->Migrate());
  }
  RETURN_IF_ERROR(database_->WaitUntilUsable(stop_requested));
  ReportSynchronousStandby(registry_, database_->synchronous_standby());
  if (!database_->synchronous_standby()) {
    log::Warning("no synchronous standby: what is answered has one copy until the next backup");
  }
  return absl::OkStatus();
}

absl::Status HostedProcess::MakeServices() {
  context_.config = &config_;
  context_.clock = &clock_;
  context_.metrics = &registry_;
  context_.local_methods = &local_methods_;
  context_.database = [this](std::string_view service) { return database_->OptionsOf(service); };
  context_.channel = [this](std::string_view service) {
    if (server_ == nullptr) {
      fputs("ServiceContext::channel was called before Service::Start\n", stderr);
      abort();
    }
    return server_->ChannelTo(service);
  };
  for (const HostedService& hosted : hosted_) {
    const log::ServiceScope scope(hosted.name);
    ASSIGN_OR_RETURN(std::unique_ptr<Service> service, hosted.factory(context_));
    services_.push_back(std::move(service));
  }
  return absl::OkStatus();
}

absl::Status HostedProcess::StartServices() {
  ASSIGN_OR_RETURN(server_, InternalServer::Start(config_, registry_, Services()));
  for (const std::unique_ptr<Service>& service : services_) service->OfferTo(local_methods_);
  for (const std::unique_ptr<Service>& service : services_) {
    const log::ServiceScope scope(service->name());
    RETURN_IF_ERROR(service->Start());
    ++started_;
  }
  return absl::OkStatus();
}

std::vector<Service*> HostedProcess::Services() const {
  std::vector<Service*> services;
  for (const std::unique_ptr<Service>& service : services_) services.push_back(service.get());
  return services;
}

void HostedProcess::Stop(absl::Duration grace) {
  const absl::Time deadline = absl::Now() + grace;
  board_.StopWatching();
  for (; started_ > 0; --started_) {
    Service& service = *services_[started_ - 1];
    const log::ServiceScope scope(service.name());
    service.Stop(deadline);
    log::Info("service stopped");
  }
  if (server_ != nullptr) server_->Shutdown(deadline);
  // The server goes first: it refers to what the services registered.
  server_ = nullptr;
  while (!services_.empty()) services_.pop_back();
  if (database_ != nullptr) {
    if (const absl::Status status = database_->Stop(); !status.ok()) {
      log::Warning("embedded PostgreSQL did not stop", {{"error", status}});
    }
  }
  metrics_listener_ = nullptr;
}

}  // namespace quartermaster
