// A process and what it hosts, from the database to the last listener. RunProcess drives it.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HOSTED_PROCESS_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HOSTED_PROCESS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/config/node_config.h"
#include "services/common/lifecycle/database_access.h"
#include "services/common/lifecycle/exit_code.h"
#include "services/common/lifecycle/health_board.h"
#include "services/common/lifecycle/internal_server.h"
#include "services/common/lifecycle/service.h"
#include "services/common/metrics/http_listener.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster {

// Not thread-safe: Start, then Stop, from one thread. `config` outlives it.
class HostedProcess {
 public:
  HostedProcess(const config::NodeConfig& config, std::string_view process,
                std::vector<HostedService> services);
  ~HostedProcess();

  // What happened and how the process should exit for it.
  struct Outcome {
    absl::Status status;
    ExitCode exit_code = kExitOk;
  };

  // All steps of run_process.h; long waits end when `stop_requested` answers true. After an error
  // call Stop, which undoes the steps that were taken.
  Outcome Start(const std::function<bool()>& stop_requested);

  // Within `grace`, except for PostgreSQL, which has its own bound.
  void Stop(absl::Duration grace);

 private:
  absl::Status ListenForMetrics();
  absl::Status PrepareDatabase(const std::function<bool()>& stop_requested);
  absl::Status MakeServices();
  absl::Status StartServices();
  std::vector<Service*> Services() const;

  const config::NodeConfig& config_;
  const std::string process_;
  const std::vector<HostedService> hosted_;
  std::vector<std::string> names_;
  const SystemClock clock_;
  metrics::Registry registry_;
  const metrics::CollectHook process_metrics_;
  HealthBoard board_;
  std::unique_ptr<metrics::HttpListener> metrics_listener_;
  std::unique_ptr<DatabaseAccess> database_;
  rpc::LocalMethods local_methods_;
  ServiceContext context_;
  std::vector<std::unique_ptr<Service>> services_;
  size_t started_ = 0;  // the first so many of services_
  std::unique_ptr<InternalServer> server_;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_HOSTED_PROCESS_H_
