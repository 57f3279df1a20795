// The front door as a Service: two TLS listeners, credentials, roles, and the way to the services
// behind. README.md has the picture.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_SERVICE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_SERVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "services/common/lifecycle/service.h"

namespace quartermaster {

// Makes the node's CA and server certificate where none is configured. Start() opens the listeners
// and makes the first credentials.
absl::StatusOr<std::unique_ptr<Service>> MakeGatewayService(const ServiceContext& context);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_GATEWAY_GATEWAY_SERVICE_H_
