// LandingRuleService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_LANDING_RULE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_LANDING_RULE_SERVICE_H_

#include "quartermaster/ledger/v1/landing_rules.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class LandingRuleServiceImpl final : public v1::LandingRuleService::Service {
 public:
  explicit LandingRuleServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status SetLandingRule(grpc::ServerContext* context, const v1::SetLandingRuleRequest* request,
                              v1::LandingRule* response) override;
  grpc::Status ListLandingRules(grpc::ServerContext* context, const v1::ListLandingRulesRequest* request,
                                v1::ListLandingRulesResponse* response) override;
  grpc::Status DeleteLandingRule(grpc::ServerContext* context, const v1::DeleteLandingRuleRequest* request,
                                 v1::LandingRule* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_LANDING_RULE_SERVICE_H_
