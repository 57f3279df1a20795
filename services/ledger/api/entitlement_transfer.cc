// Transfers and reversals: the rights of one Smart Account that many callers move (api/movements).
#include <utility>

#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/row_errors.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

constexpr char kTransfer[] = "ledger.v1.EntitlementService/TransferEntitlements";
constexpr char kReverse[] = "ledger.v1.EntitlementService/ReverseMovement";
// For callers who name no deadline.
constexpr absl::Duration kDeadline = absl::Seconds(30);

absl::Status CheckTransfers(const v1::TransferEntitlementsRequest& request) {
  if (request.transfers().empty()) return FieldMissing("transfers", "one or more");
  return CheckRowCount("transfers", request.transfers_size());
}

// Answers `call` in its lane, or at once when it cannot have one.
void Submit(MovementLanes& lanes, const rpc::IncomingCall& incoming, const std::string& named,
            const absl::Status& checked, std::unique_ptr<MovementCall> call) {
  const absl::StatusOr<std::string> account = [&]() -> absl::StatusOr<std::string> {
    RETURN_IF_ERROR(checked);
    RETURN_IF_ERROR(CheckRequestId(call->logged.act.request_id));
    return rpc::AccountOfCall(incoming.caller, named);
  }();
  if (!account.ok()) return call->done(account.status());
  call->deadline = incoming.deadline;
  lanes.Submit(*account, std::move(call));
}

}  // namespace

void EntitlementServiceImpl::Transfer(const rpc::IncomingCall& incoming,
                                      const v1::TransferEntitlementsRequest& request, v1::Movement& response,
                                      Done done) {
  auto call = std::make_unique<MovementCall>();
  call->logged = LogCall(api_, incoming.caller, kTransfer, request, request.request_id());
  call->transfer = &request;
  call->response = &response;
  call->done = [done = std::move(done)](const absl::Status& result) { done(rpc::ToGrpc(result)); };
  Submit(lanes_, incoming, request.smart_account(), CheckTransfers(request), std::move(call));
}

void EntitlementServiceImpl::Reverse(const rpc::IncomingCall& incoming,
                                     const v1::ReverseMovementRequest& request, v1::Movement& response,
                                     Done done) {
  auto call = std::make_unique<MovementCall>();
  call->logged = LogCall(api_, incoming.caller, kReverse, request, request.request_id());
  call->reversal = &request;
  call->response = &response;
  call->done = [done = std::move(done)](const absl::Status& result) { done(rpc::ToGrpc(result)); };
  Submit(lanes_, incoming, request.smart_account(), absl::OkStatus(), std::move(call));
}

grpc::ServerUnaryReactor* EntitlementServiceImpl::TransferEntitlements(
    grpc::CallbackServerContext* context, const v1::TransferEntitlementsRequest* request,
    v1::Movement* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Transfer(rpc::ReadIncomingCall(*context, kDeadline), *request, *response,
           [reactor](const grpc::Status& status) { reactor->Finish(status); });
  return reactor;
}

grpc::ServerUnaryReactor* EntitlementServiceImpl::ReverseMovement(grpc::CallbackServerContext* context,
                                                                  const v1::ReverseMovementRequest* request,
                                                                  v1::Movement* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Reverse(rpc::ReadIncomingCall(*context, kDeadline), *request, *response,
          [reactor](const grpc::Status& status) { reactor->Finish(status); });
  return reactor;
}

void EntitlementServiceImpl::OfferTo(rpc::LocalMethods& methods) {
  methods.Add<v1::TransferEntitlementsRequest, v1::Movement>(
      "/quartermaster.ledger.v1.EntitlementService/TransferEntitlements",
      [this](const rpc::IncomingCall& incoming, const auto& request, auto& response, auto done) {
        Transfer(incoming, request, response, std::move(done));
      });
}

}  // namespace quartermaster::ledger
