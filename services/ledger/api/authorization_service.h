// AuthorizationService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_SERVICE_H_

#include <string>

#include "quartermaster/ledger/v1/authorizations.grpc.pb.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class AuthorizationServiceImpl final : public v1::AuthorizationService::Service {
 public:
  // `flow` outlives it.
  AuthorizationServiceImpl(ApiContext api, const AuthorizationFlow* flow) : api_(api), flow_(*flow) {}

  grpc::Status RequestAuthorization(grpc::ServerContext* context,
                                    const v1::RequestAuthorizationRequest* request,
                                    v1::Authorization* response) override;
  grpc::Status ImportAuthorizationRequest(grpc::ServerContext* context,
                                          const v1::ImportAuthorizationRequestRequest* request,
                                          v1::ImportAuthorizationRequestResponse* response) override;
  grpc::Status ApproveAuthorization(grpc::ServerContext* context,
                                    const v1::ApproveAuthorizationRequest* request,
                                    v1::Authorization* response) override;
  grpc::Status DenyAuthorization(grpc::ServerContext* context, const v1::DenyAuthorizationRequest* request,
                                 v1::Authorization* response) override;
  grpc::Status ConfirmAuthorization(grpc::ServerContext* context,
                                    const v1::ConfirmAuthorizationRequest* request,
                                    v1::Authorization* response) override;
  grpc::Status ReturnAuthorization(grpc::ServerContext* context,
                                   const v1::ReturnAuthorizationRequest* request,
                                   v1::Authorization* response) override;
  grpc::Status GetAuthorization(grpc::ServerContext* context, const v1::GetAuthorizationRequest* request,
                                v1::Authorization* response) override;
  grpc::Status ListAuthorizations(grpc::ServerContext* context, const v1::ListAuthorizationsRequest* request,
                                  v1::ListAuthorizationsResponse* response) override;
  // authorization_rules.cc
  grpc::Status GetAuthorizationRule(grpc::ServerContext* context,
                                    const v1::GetAuthorizationRuleRequest* request,
                                    v1::AuthorizationRule* response) override;
  grpc::Status SetAuthorizationRule(grpc::ServerContext* context,
                                    const v1::SetAuthorizationRuleRequest* request,
                                    v1::AuthorizationRule* response) override;
  grpc::Status SetRestrictedCountries(grpc::ServerContext* context,
                                      const v1::SetRestrictedCountriesRequest* request,
                                      v1::SetRestrictedCountriesResponse* response) override;

 private:
  absl::StatusOr<v1::Authorization> AskOnce(grpc::ServerContext& context, AuthorizationAsk ask,
                                            const std::string& smart_account);

  const ApiContext api_;
  const AuthorizationFlow& flow_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_SERVICE_H_
