// FigureService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_FIGURE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_FIGURE_SERVICE_H_

#include "quartermaster/ledger/v1/figures.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class FigureServiceImpl final : public v1::FigureService::Service {
 public:
  explicit FigureServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status ListEntitlementFigures(grpc::ServerContext* context,
                                      const v1::ListEntitlementFiguresRequest* request,
                                      v1::ListEntitlementFiguresResponse* response) override;
  grpc::Status GetUsageFigures(grpc::ServerContext* context, const v1::GetUsageFiguresRequest* request,
                               v1::GetUsageFiguresResponse* response) override;

 private:
  const ApiContext api_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_FIGURE_SERVICE_H_
