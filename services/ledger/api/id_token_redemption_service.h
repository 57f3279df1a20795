// IdTokenRedemptionService of ledger.v1: for authority only.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_REDEMPTION_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_REDEMPTION_SERVICE_H_

#include "quartermaster/ledger/v1/id_token_redemption.grpc.pb.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pool.h"

namespace quartermaster::ledger {

// Thread-safe. Redeeming is idempotent by (token, UDI, key), so it needs no request id.
class IdTokenRedemptionServiceImpl final : public v1::IdTokenRedemptionService::Service {
 public:
  // Both outlive this.
  IdTokenRedemptionServiceImpl(pg::Pool* pool, const Clock* clock) : pool_(*pool), clock_(*clock) {}

  grpc::Status RedeemIdToken(grpc::ServerContext* context, const v1::RedeemIdTokenRequest* request,
                             v1::RedeemIdTokenResponse* response) override;

 private:
  pg::Pool& pool_;
  const Clock& clock_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ID_TOKEN_REDEMPTION_SERVICE_H_
