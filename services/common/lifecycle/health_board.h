// Asks the hosted services how they are, and tells everybody who wants to know: the gRPC health
// service, /readyz, a metric, and the log when something changed.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HEALTH_BOARD_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HEALTH_BOARD_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/lifecycle/service.h"
#include "services/common/metrics/http_listener.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster {

// Thread-safe.
class HealthBoard {
 public:
  // Every service counts as starting until Watch.
  HealthBoard(const std::vector<std::string>& services, metrics::Registry& registry);
  ~HealthBoard();
  HealthBoard(const HealthBoard&) = delete;
  HealthBoard& operator=(const HealthBoard&) = delete;

  // What the process does before its services run, for /readyz: "embedded PostgreSQL", ….
  void Starting(std::string_view what);

  // Asks each service once a second, on a thread of its own. `set_serving` is called at every
  // change, for a service and, as "", for all together. The services live until StopWatching.
  void Watch(std::vector<Service*> services,
             std::function<void(std::string_view service, bool serving)> set_serving);

  // Nothing is served from now on. Idempotent.
  void StopWatching();

  // As last asked; cheap. For everybody to read: why a service does not serve stands in the log only.
  std::vector<metrics::ServiceReadiness> Readiness() const;

 private:
  void Run();
  void Set(std::string_view service, absl::Status status);

  metrics::Registry& registry_;
  std::vector<Service*> services_;
  std::function<void(std::string_view, bool)> set_serving_;
  std::thread thread_;
  mutable absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<metrics::ServiceReadiness> readiness_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HEALTH_BOARD_H_
