// The interceptor of every call that a server of ours takes: request id, metrics, log line.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_CALL_OBSERVER_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_CALL_OBSERVER_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string_view>

#include "services/common/metrics/metrics.h"

namespace quartermaster::rpc {

// Makes one observer per call. Thread-safe. Series are cached per method, so that a call costs
// no more than a few atomic additions, one hash lookup and the metadata.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallObserverFactory(
    metrics::Registry* registry, std::string_view listener, bool log_requests);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_CALL_OBSERVER_H_
