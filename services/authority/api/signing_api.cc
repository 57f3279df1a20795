#include "services/authority/api/signing_api.h"

#include <memory>
#include <string>
#include <utility>

#include "services/authority/domain/authority_errors.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::authority {
namespace {

constexpr size_t kHashBytes = 32;

}  // namespace

grpc::Status SigningApi::SignBlock(grpc::ServerContext*, const v1::SignBlockRequest* request,
                                   v1::SignBlockResponse* response) {
  if (request->block_hash().size() != kHashBytes) {
    return rpc::ToGrpc(BlockHashInvalid(request->block_hash().size()));
  }
  absl::StatusOr<DocumentSignature> signature =
      keys_()->Sign(KeyPurpose::kBlock, crypto::kBlockDomain, request->block_hash());
  if (!signature.ok()) return rpc::ToGrpc(signature.status());
  response->set_alg(std::string(crypto::AlgorithmName(signature->algorithm)));
  response->set_key_id(signature->key_id);
  response->set_signature(std::move(signature->value));
  return grpc::Status::OK;
}

}  // namespace quartermaster::authority
