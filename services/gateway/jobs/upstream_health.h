// How the services behind the gateway are, as last asked.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_JOBS_UPSTREAM_HEALTH_H_
#define QUARTERMASTER_SERVICES_GATEWAY_JOBS_UPSTREAM_HEALTH_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/gateway/upstream/upstreams.h"

namespace quartermaster::gateway {

struct ServiceState {
  std::string service;
  bool serving = false;
  // Why not; empty while it serves.
  std::string detail;
};

// Thread-safe.
class UpstreamHealth {
 public:
  // Until the first run no service counts as serving.
  UpstreamHealth(std::vector<std::string> services, ChannelOf channel_of);

  // Asks the grpc.health.v1 of all services at once and answers within about two seconds.
  void RunOnce();

  // In the order of the constructor; cheap.
  std::vector<ServiceState> states() const;
  bool all_serving() const;

 private:
  const std::vector<std::string> services_;
  const ChannelOf channel_of_;
  mutable absl::Mutex mutex_;
  std::vector<ServiceState> states_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_JOBS_UPSTREAM_HEALTH_H_
