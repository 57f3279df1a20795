#include "services/common/lifecycle/health_board.h"

#include <algorithm>
#include <utility>

#include "services/common/errors/error.h"
#include "services/common/lifecycle/lifecycle_errors.h"
#include "services/common/log/log.h"

namespace quartermaster {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

const metrics::GaugeSpec kHealthy = metrics::DeclareGauge(
    "quartermaster_service_healthy", "1 while a hosted service can serve, else 0.", {"service"});

// Messages of databases and connections name hosts, users and files.
absl::Status Shown(const absl::Status& status) {
  const bool is_our_own = errors::ErrorId(status).starts_with("lifecycle.");
  return status.ok() || is_our_own ? status : absl::UnavailableError("not serving");
}

bool AllOk(const std::vector<metrics::ServiceReadiness>& readiness) {
  return std::all_of(readiness.begin(), readiness.end(),
                     [](const auto& service) { return service.status.ok(); });
}

}  // namespace

HealthBoard::HealthBoard(const std::vector<std::string>& services, metrics::Registry& registry)
    : registry_(registry) {
  for (const std::string& service : services) {
    readiness_.push_back({service, quartermaster::Starting("process")});
    registry_.Get(kHealthy, {service}).Set(0);
  }
}

HealthBoard::~HealthBoard() { StopWatching(); }

void HealthBoard::Starting(std::string_view what) {
  absl::MutexLock lock(&mutex_);
  for (metrics::ServiceReadiness& service : readiness_) {
    service.status = quartermaster::Starting(what);
  }
}

void HealthBoard::Watch(std::vector<Service*> services,
                        std::function<void(std::string_view, bool)> set_serving) {
  services_ = std::move(services);
  set_serving_ = std::move(set_serving);
  thread_ = std::thread([this] { Run(); });
}

void HealthBoard::StopWatching() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
  {
    absl::MutexLock lock(&mutex_);
    for (metrics::ServiceReadiness& service : readiness_) service.status = Stopping();
  }
  if (set_serving_ == nullptr) return;
  for (Service* service : services_) set_serving_(service->name(), false);
  set_serving_("", false);
  set_serving_ = nullptr;
}

std::vector<metrics::ServiceReadiness> HealthBoard::Readiness() const {
  absl::MutexLock lock(&mutex_);
  std::vector<metrics::ServiceReadiness> shown = readiness_;
  for (metrics::ServiceReadiness& service : shown) service.status = Shown(service.status);
  return shown;
}

void HealthBoard::Run() {
  while (true) {
    // Not under the lock: a service may ask its database.
    for (Service* service : services_) Set(service->name(), service->Health());
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stop_), kInterval)) return;
  }
}

void HealthBoard::Set(std::string_view name, absl::Status status) {
  const bool serving = status.ok();
  bool changed = false;
  bool all_before = false;
  bool all_now = false;
  {
    absl::MutexLock lock(&mutex_);
    all_before = AllOk(readiness_);
    for (metrics::ServiceReadiness& service : readiness_) {
      if (service.service != name) continue;
      changed = service.status.ok() != serving;
      service.status = status;
    }
    all_now = AllOk(readiness_);
  }
  registry_.Get(kHealthy, {name}).Set(serving ? 1 : 0);
  if (changed) {
    const log::ServiceScope scope(name);
    if (serving) {
      log::Info("healthy");
    } else {
      log::Warning("not healthy", {{"error", status}});
    }
    set_serving_(name, serving);
  }
  if (all_now != all_before) set_serving_("", all_now);
}

}  // namespace quartermaster
