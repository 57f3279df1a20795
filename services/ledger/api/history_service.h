// HistoryService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_HISTORY_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_HISTORY_SERVICE_H_

#include "quartermaster/ledger/v1/history.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class HistoryServiceImpl final : public v1::HistoryService::Service {
 public:
  explicit HistoryServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status ListHistory(grpc::ServerContext* context, const v1::ListHistoryRequest* request,
                           v1::ListHistoryResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_HISTORY_SERVICE_H_
