// gRPC: SigningService of proto/quartermaster/authority/v1/signing.proto. For the node's own services.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_

#include <functional>
#include <memory>
#include <utility>

#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "services/authority/domain/signing_keys.h"
#include "services/authority/storage/authorization_code_store.h"
#include "services/common/clock/clock.h"

namespace quartermaster::authority {

// Thread-safe.
class SigningApi final : public v1::SigningService::Service {
 public:
  // The keys with one for authorizations, which the first code needs.
  using AuthorizationKeys = std::function<absl::StatusOr<std::shared_ptr<const SigningKeys>>()>;

  // `codes` and `clock` outlive it.
  SigningApi(CurrentKeys keys, AuthorizationKeys authorization_keys, AuthorizationCodeStore* codes,
             const Clock* clock)
      : keys_(std::move(keys)),
        authorization_keys_(std::move(authorization_keys)),
        codes_(*codes),
        clock_(*clock) {}

  grpc::Status SignBlock(grpc::ServerContext* context, const v1::SignBlockRequest* request,
                         v1::SignBlockResponse* response) override;
  grpc::Status SignOpening(grpc::ServerContext* context, const v1::SignOpeningRequest* request,
                           v1::SignOpeningResponse* response) override;
  grpc::Status SignAuthorization(grpc::ServerContext* context, const v1::SignAuthorizationRequest* request,
                                 v1::SignAuthorizationResponse* response) override;
  grpc::Status GetAuthorizationCode(grpc::ServerContext* context,
                                    const v1::GetAuthorizationCodeRequest* request,
                                    v1::GetAuthorizationCodeResponse* response) override;

 private:
  const CurrentKeys keys_;
  const AuthorizationKeys authorization_keys_;
  AuthorizationCodeStore& codes_;
  const Clock& clock_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_
