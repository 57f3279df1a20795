// ErasureService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ERASURE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ERASURE_SERVICE_H_

#include "quartermaster/ledger/v1/erasure.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class ErasureServiceImpl final : public v1::ErasureService::Service {
 public:
  explicit ErasureServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status EraseProductInstance(grpc::ServerContext* context,
                                    const v1::EraseProductInstanceRequest* request,
                                    v1::EraseProductInstanceResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ERASURE_SERVICE_H_
