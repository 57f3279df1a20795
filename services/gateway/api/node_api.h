// gRPC: NodeService of proto/quartermaster/gateway/v1/gateway.proto.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_API_NODE_API_H_
#define QUARTERMASTER_SERVICES_GATEWAY_API_NODE_API_H_

#include <string_view>

#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/clock/clock.h"
#include "services/gateway/jobs/upstream_health.h"
#include "services/gateway/storage/node_facts_store.h"

namespace quartermaster::gateway {

// Thread-safe.
class NodeApi final : public v1::NodeService::Service {
 public:
  // All outlive the service.
  NodeApi(std::string_view version, const Clock& clock, NodeFactsStore& facts, const UpstreamHealth& health)
      : version_(version), clock_(clock), facts_(facts), health_(health) {}

  // Answers without the database too: then schema_version is 0 and "gateway" does not serve.
  grpc::Status GetNode(grpc::ServerContext* context, const v1::GetNodeRequest* request,
                       v1::Node* node) override;

 private:
  const std::string_view version_;
  const Clock& clock_;
  NodeFactsStore& facts_;
  const UpstreamHealth& health_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_API_NODE_API_H_
