#include "services/authority/api/signing_api.h"

#include <memory>
#include <string>
#include <utility>

#include "services/authority/domain/authority_errors.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::authority {
namespace {

constexpr size_t kHashBytes = 32;

template <typename Response>
void Fill(DocumentSignature signature, Response* response) {
  response->set_alg(std::string(crypto::AlgorithmName(signature.algorithm)));
  response->set_key_id(std::move(signature.key_id));
  response->set_signature(std::move(signature.value));
}

AuthorizationContent ContentOf(const v1::SignAuthorizationRequest& request) {
  AuthorizationContent content;
  content.name = {.udi = {request.product_id(), request.serial_number()},
                  .authorization_id = request.authorization_id(),
                  .sequence = request.sequence()};
  content.issued_at = absl::FromUnixSeconds(request.issued_at_s());
  content.reservation = request.reservation();
  for (const auto& entitlement : request.entitlements()) {
    AuthorizedLot& lot = content.lots.emplace_back();
    lot.entitlement_tag = entitlement.tag();
    lot.count = entitlement.count();
    lot.start = absl::FromUnixSeconds(entitlement.start_s());
    if (entitlement.end_s() != 0) lot.end = absl::FromUnixSeconds(entitlement.end_s());
    lot.subscription = entitlement.subscription();
    lot.display_name = entitlement.display_name();
    lot.description = entitlement.description();
    lot.subscription_id = entitlement.subscription_id();
  }
  return content;
}

}  // namespace

grpc::Status SigningApi::SignBlock(grpc::ServerContext*, const v1::SignBlockRequest* request,
                                   v1::SignBlockResponse* response) {
  if (request->block_hash().size() != kHashBytes) {
    return rpc::ToGrpc(BlockHashInvalid(request->block_hash().size()));
  }
  absl::StatusOr<DocumentSignature> signature =
      keys_()->Sign(KeyPurpose::kBlock, crypto::kBlockDomain, request->block_hash());
  if (!signature.ok()) return rpc::ToGrpc(signature.status());
  Fill(*std::move(signature), response);
  return grpc::Status::OK;
}

grpc::Status SigningApi::SignOpening(grpc::ServerContext*, const v1::SignOpeningRequest* request,
                                     v1::SignOpeningResponse* response) {
  if (request->opening_hash().size() != kHashBytes) {
    return rpc::ToGrpc(OpeningHashInvalid(request->opening_hash().size()));
  }
  absl::StatusOr<DocumentSignature> signature =
      keys_()->Sign(KeyPurpose::kBlock, crypto::kOpeningDomain, request->opening_hash());
  if (!signature.ok()) return rpc::ToGrpc(signature.status());
  Fill(*std::move(signature), response);
  return grpc::Status::OK;
}

grpc::Status SigningApi::SignAuthorization(grpc::ServerContext* context,
                                           const v1::SignAuthorizationRequest* request,
                                           v1::SignAuthorizationResponse* response) {
  const IssueAct act{rpc::ReadCaller(*context).actor, std::string(rpc::RequestId(*context)), clock_.Now()};
  const absl::StatusOr<std::shared_ptr<const SigningKeys>> keys = authorization_keys_();
  if (!keys.ok()) return rpc::ToGrpc(keys.status());
  absl::StatusOr<IssuedCode> issued =
      codes_.Issue(request->smart_account_id(), ContentOf(*request), **keys, act);
  if (!issued.ok()) return rpc::ToGrpc(issued.status());
  response->set_code(std::move(issued->code));
  response->set_confirmation_hash(crypto::ProofHash(issued->proofs.confirmation_code));
  response->set_removal_hash(crypto::ProofHash(issued->proofs.removal_code));
  return grpc::Status::OK;
}

grpc::Status SigningApi::GetAuthorizationCode(grpc::ServerContext*,
                                              const v1::GetAuthorizationCodeRequest* request,
                                              v1::GetAuthorizationCodeResponse* response) {
  absl::StatusOr<std::string> code = codes_.Find(request->smart_account_id(), request->authorization_id());
  if (!code.ok()) return rpc::ToGrpc(code.status());
  response->set_code(*std::move(code));
  return grpc::Status::OK;
}

}  // namespace quartermaster::authority
