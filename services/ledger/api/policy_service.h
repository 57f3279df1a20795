// PolicyService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_POLICY_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_POLICY_SERVICE_H_

#include "quartermaster/ledger/v1/policies.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class PolicyServiceImpl final : public v1::PolicyService::Service {
 public:
  explicit PolicyServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status SetReportingPolicy(grpc::ServerContext* context, const v1::SetReportingPolicyRequest* request,
                                  v1::ReportingPolicy* response) override;
  grpc::Status ClearReportingPolicy(grpc::ServerContext* context,
                                    const v1::ClearReportingPolicyRequest* request,
                                    v1::ClearReportingPolicyResponse* response) override;
  grpc::Status ListReportingPolicies(grpc::ServerContext* context,
                                     const v1::ListReportingPoliciesRequest* request,
                                     v1::ListReportingPoliciesResponse* response) override;
  grpc::Status ExplainDeadlines(grpc::ServerContext* context, const v1::ExplainDeadlinesRequest* request,
                                v1::ExplainDeadlinesResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_POLICY_SERVICE_H_
