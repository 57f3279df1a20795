// AuthorizationReleaseService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_RELEASE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_RELEASE_SERVICE_H_

#include "quartermaster/ledger/v1/authorization_releases.grpc.pb.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class AuthorizationReleaseServiceImpl final : public v1::AuthorizationReleaseService::Service {
 public:
  // `flow` outlives it.
  AuthorizationReleaseServiceImpl(ApiContext api, const AuthorizationFlow* flow) : api_(api), flow_(*flow) {}

  grpc::Status RequestRelease(grpc::ServerContext* context, const v1::RequestReleaseRequest* request,
                              v1::AuthorizationRelease* response) override;
  grpc::Status ApproveRelease(grpc::ServerContext* context, const v1::ApproveReleaseRequest* request,
                              v1::AuthorizationRelease* response) override;
  grpc::Status GetRelease(grpc::ServerContext* context, const v1::GetReleaseRequest* request,
                          v1::AuthorizationRelease* response) override;

 private:
  const ApiContext api_;
  const AuthorizationFlow& flow_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_RELEASE_SERVICE_H_
