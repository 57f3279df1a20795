// EntitlementService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_

#include <functional>

#include "quartermaster/ledger/v1/entitlements.grpc.pb.h"
#include "quartermaster/ledger/v1/imports.pb.h"
#include "services/common/rpc/incoming_call.h"
#include "services/common/rpc/local_methods.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/api/movements/movement_lanes.h"

namespace quartermaster::ledger {

// Callers of these wait for a commit that they share: without a thread each.
using EntitlementServiceBase = v1::EntitlementService::WithCallbackMethod_TransferEntitlements<
    v1::EntitlementService::WithCallbackMethod_ReverseMovement<v1::EntitlementService::Service>>;

// Thread-safe.
class EntitlementServiceImpl final : public EntitlementServiceBase {
 public:
  explicit EntitlementServiceImpl(ApiContext api) : api_(api), lanes_(api_) {}

  grpc::Status ImportEntitlements(grpc::ServerContext* context, const v1::ImportEntitlementsRequest* request,
                                  v1::ImportResponse* response) override;
  grpc::Status ListEntitlements(grpc::ServerContext* context, const v1::ListEntitlementsRequest* request,
                                v1::ListEntitlementsResponse* response) override;

  // entitlement_transfer.cc
  grpc::ServerUnaryReactor* TransferEntitlements(grpc::CallbackServerContext* context,
                                                 const v1::TransferEntitlementsRequest* request,
                                                 v1::Movement* response) override;
  grpc::ServerUnaryReactor* ReverseMovement(grpc::CallbackServerContext* context,
                                            const v1::ReverseMovementRequest* request,
                                            v1::Movement* response) override;

  // The two, however the call came. `done` is called once, from any thread; request and response live until
  // then.
  using Done = std::function<void(const grpc::Status&)>;
  void Transfer(const rpc::IncomingCall& incoming, const v1::TransferEntitlementsRequest& request,
                v1::Movement& response, Done done);
  void Reverse(const rpc::IncomingCall& incoming, const v1::ReverseMovementRequest& request,
               v1::Movement& response, Done done);
  // TransferEntitlements.
  void OfferTo(rpc::LocalMethods& methods);

 private:
  const ApiContext api_;
  MovementLanes lanes_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ENTITLEMENT_SERVICE_H_
