// What a process hosts. Each service is a library with one factory; its own binary hosts one, the
// all-in-one binary hosts several over in-process channels (and past them, for the busiest calls). No
// behaviour exists in one shape only.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SERVICE_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SERVICE_H_

#include <grpcpp/channel.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/config/node_config.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/local_methods.h"

namespace quartermaster {

// What the process gives to each service. Outlives all of them.
struct ServiceContext {
  const config::NodeConfig* config;
  const Clock* clock;
  metrics::Registry* metrics;
  // Database options for the role of this service ("qm_<service>"). Only for services that this
  // process hosts.
  std::function<pg::Options(std::string_view service)> database;
  // A channel to another service ("ingest", "ledger", "authority"): in-process when this process
  // hosts it, else to its configured address. Valid from Start() on; lives until the process ends.
  std::function<std::shared_ptr<grpc::Channel>(std::string_view service)> channel;
  // What can be called without one. Complete from Start() on.
  const rpc::LocalMethods* local_methods;
};

class Service {
 public:
  virtual ~Service() = default;
  // "ingest", "ledger", …
  virtual std::string_view name() const = 0;
  // Adds its gRPC services to the process's internal server. Called before Start().
  virtual void RegisterWith(grpc::ServerBuilder& builder) = 0;
  // Offers methods to the other services of this process. Called before any of them starts.
  virtual void OfferTo(rpc::LocalMethods& methods) { (void)methods; }
  // Called when the internal server listens. Starts jobs and external listeners.
  virtual absl::Status Start() = 0;
  // Stops taking work, finishes what was accepted, stops jobs. Called once, before the internal
  // server goes down; returns by `deadline` at the latest.
  virtual void Stop(absl::Time deadline) = 0;
  // For the health service and GetNode: OK, or why it cannot serve (for example database away).
  // Called about once a second from Start() to Stop(), on a thread of its own; should answer
  // within a second.
  virtual absl::Status Health() = 0;
};

using ServiceFactory = std::function<absl::StatusOr<std::unique_ptr<Service>>(const ServiceContext& context)>;

struct HostedService {
  // "ingest", "ledger", "authority", "gateway".
  std::string name;
  ServiceFactory factory;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SERVICE_H_
