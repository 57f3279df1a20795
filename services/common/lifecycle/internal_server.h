// The gRPC server that the services of a process share, and the ways to the services of others.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_INTERNAL_SERVER_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_INTERNAL_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/config/node_config.h"
#include "services/common/lifecycle/service.h"
#include "services/common/metrics/metrics.h"

namespace quartermaster {

// Where a process that hosts `services` listens; empty when they meet in-process only.
std::vector<std::string> InternalAddresses(const config::NodeConfig& config,
                                           const std::vector<std::string>& services);

class InternalServer {
 public:
  // Registers the services, listens, and prepares a channel to every service. `services` outlive
  // it. Nothing is SERVING yet.
  static absl::StatusOr<std::unique_ptr<InternalServer>> Start(const config::NodeConfig& config,
                                                               metrics::Registry& registry,
                                                               const std::vector<Service*>& services);

  void SetServing(std::string_view service, bool serving);

  // To a service of this process without sockets, to another one at its configured address. A name
  // that is no service ends the process.
  std::shared_ptr<grpc::Channel> ChannelTo(std::string_view service) const;

  // Takes no more calls, waits for those under way, cuts what is left at `deadline`.
  void Shutdown(absl::Time deadline);

 private:
  InternalServer() = default;
  absl::Status OpenChannels(const config::NodeConfig& config, const std::vector<Service*>& services);

  std::unique_ptr<grpc::Server> server_;
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> channels_;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_INTERNAL_SERVER_H_
