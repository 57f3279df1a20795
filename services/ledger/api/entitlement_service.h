// EntitlementService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_

#include "quartermaster/ledger/v1/entitlements.grpc.pb.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class EntitlementServiceImpl final : public v1::EntitlementService::Service {
 public:
  explicit EntitlementServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status ImportEntitlements(grpc::ServerContext* context, const v1::ImportEntitlementsRequest* request,
                                  v1::ImportResponse* response) override;
  grpc::Status ListEntitlements(grpc::ServerContext* context, const v1::ListEntitlementsRequest* request,
                                v1::ListEntitlementsResponse* response) override;
  // entitlement_transfer.cc
  grpc::Status TransferEntitlements(grpc::ServerContext* context,
                                    const v1::TransferEntitlementsRequest* request,
                                    v1::Movement* response) override;
  grpc::Status ReverseMovement(grpc::ServerContext* context, const v1::ReverseMovementRequest* request,
                               v1::Movement* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_
