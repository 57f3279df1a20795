#include "services/gateway/api/node_api.h"

#include <string>

namespace quartermaster::gateway {

grpc::Status NodeApi::GetNode(grpc::ServerContext*, const v1::GetNodeRequest*, v1::Node* node) {
  node->set_version(std::string(version_));
  const absl::Time now = clock_.Now();
  node->mutable_now()->set_seconds(absl::ToUnixSeconds(now));
  node->mutable_now()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(now - absl::FromUnixSeconds(absl::ToUnixSeconds(now)))));
  for (const ServiceState& state : health_.states()) {
    auto* service = node->add_services();
    service->set_service(state.service);
    service->set_serving(state.serving);
    service->set_detail(state.detail);
  }
  const absl::StatusOr<NodeFacts> facts = facts_.Read();
  auto* gateway = node->add_services();
  gateway->set_service("gateway");
  gateway->set_serving(facts.ok());
  if (facts.ok()) {
    node->set_schema_version(facts->schema_version);
    node->set_synchronous_standby(facts->synchronous_standby);
  } else {
    gateway->set_detail(std::string(facts.status().message()));
  }
  return grpc::Status::OK;
}

}  // namespace quartermaster::gateway
