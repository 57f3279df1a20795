// ReservationService of ledger.v1.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_RESERVATION_SERVICE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_RESERVATION_SERVICE_H_

#include <string>

#include "quartermaster/ledger/v1/reservations.grpc.pb.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/api/idempotent_write.h"

namespace quartermaster::ledger {

// Thread-safe.
class ReservationServiceImpl final : public v1::ReservationService::Service {
 public:
  // `flow` outlives it.
  ReservationServiceImpl(ApiContext api, const AuthorizationFlow* flow) : api_(api), flow_(*flow) {}

  grpc::Status ReserveLicenses(grpc::ServerContext* context, const v1::ReserveLicensesRequest* request,
                               v1::Authorization* response) override;
  grpc::Status UpdateReservation(grpc::ServerContext* context, const v1::UpdateReservationRequest* request,
                                 v1::Authorization* response) override;
  grpc::Status ReturnReservation(grpc::ServerContext* context, const v1::ReturnReservationRequest* request,
                                 v1::Authorization* response) override;
  grpc::Status ListReservations(grpc::ServerContext* context, const v1::ListReservationsRequest* request,
                                v1::ListReservationsResponse* response) override;

 private:
  template <typename Request>
  grpc::Status Reserve(grpc::ServerContext& context, const char* method, const Request& request,
                       AuthorizationAsk ask, v1::Authorization* response);

  const ApiContext api_;
  const AuthorizationFlow& flow_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_RESERVATION_SERVICE_H_
