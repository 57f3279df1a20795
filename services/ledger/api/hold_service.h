// HoldService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_HOLD_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_HOLD_SERVICE_H_

#include "quartermaster/ledger/v1/holds.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class HoldServiceImpl final : public v1::HoldService::Service {
 public:
  explicit HoldServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status PlaceHold(grpc::ServerContext* context, const v1::PlaceHoldRequest* request,
                         v1::Hold* response) override;
  grpc::Status ReleaseHold(grpc::ServerContext* context, const v1::ReleaseHoldRequest* request,
                           v1::Hold* response) override;
  grpc::Status ListHolds(grpc::ServerContext* context, const v1::ListHoldsRequest* request,
                         v1::ListHoldsResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_HOLD_SERVICE_H_
