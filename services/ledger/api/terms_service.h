// TermsService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_TERMS_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_TERMS_SERVICE_H_

#include "quartermaster/ledger/v1/terms.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class TermsServiceImpl final : public v1::TermsService::Service {
 public:
  explicit TermsServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status CorrectEntitlement(grpc::ServerContext* context, const v1::CorrectEntitlementRequest* request,
                                  v1::Movement* response) override;
  grpc::Status GetConsumptionOrder(grpc::ServerContext* context,
                                   const v1::GetConsumptionOrderRequest* request,
                                   v1::ConsumptionOrderSetting* response) override;
  grpc::Status SetConsumptionOrder(grpc::ServerContext* context,
                                   const v1::SetConsumptionOrderRequest* request,
                                   v1::ConsumptionOrderSetting* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_TERMS_SERVICE_H_
