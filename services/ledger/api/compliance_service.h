// ComplianceService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_COMPLIANCE_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_COMPLIANCE_SERVICE_H_

#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/api/instance_counts.h"
#include "services/ledger/storage/administration/pools_now.h"

namespace quartermaster::ledger {

// Thread-safe.
class ComplianceServiceImpl final : public v1::ComplianceService::Service {
 public:
  explicit ComplianceServiceImpl(ApiContext api) : api_(api) {}

  grpc::Status GetCompliance(grpc::ServerContext* context, const v1::GetComplianceRequest* request,
                             v1::GetComplianceResponse* response) override;

 private:
  const ApiContext api_;
  InstanceCountsCache instance_counts_;
  PoolsNow pools_now_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_COMPLIANCE_SERVICE_H_
