// IdTokenService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_SERVICE_H_

#include <utility>

#include "quartermaster/ledger/v1/id_tokens.grpc.pb.h"
#include "services/common/crypto/key_encryption.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class IdTokenServiceImpl final : public v1::IdTokenService::Service {
 public:
  // `key_encryption_key` closes the values of tokens.
  IdTokenServiceImpl(ApiContext api, crypto::KeyEncryptionKey key_encryption_key)
      : api_(api), key_encryption_key_(std::move(key_encryption_key)) {}

  grpc::Status CreateIdToken(grpc::ServerContext* context, const v1::CreateIdTokenRequest* request,
                             v1::CreateIdTokenResponse* response) override;
  grpc::Status ListIdTokens(grpc::ServerContext* context, const v1::ListIdTokensRequest* request,
                            v1::ListIdTokensResponse* response) override;
  grpc::Status RevokeIdToken(grpc::ServerContext* context, const v1::RevokeIdTokenRequest* request,
                             v1::IdToken* response) override;
  grpc::Status ForgetRedemption(grpc::ServerContext* context, const v1::ForgetRedemptionRequest* request,
                                v1::ForgetRedemptionResponse* response) override;

 private:
  // Puts the value into an answer that names the token.
  absl::Status ShowValue(const grpc::ServerContext& context, const std::string& smart_account,
                         v1::CreateIdTokenResponse& response);

  const ApiContext api_;
  const crypto::KeyEncryptionKey key_encryption_key_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_SERVICE_H_
