// gRPC: SigningService of proto/quartermaster/authority/v1/signing.proto. For the node's own services.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_

#include <utility>

#include "quartermaster/authority/v1/signing.grpc.pb.h"
#include "services/authority/domain/signing_keys.h"

namespace quartermaster::authority {

// Thread-safe.
class SigningApi final : public v1::SigningService::Service {
 public:
  explicit SigningApi(CurrentKeys keys) : keys_(std::move(keys)) {}

  grpc::Status SignBlock(grpc::ServerContext* context, const v1::SignBlockRequest* request,
                         v1::SignBlockResponse* response) override;

 private:
  const CurrentKeys keys_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_SIGNING_API_H_
