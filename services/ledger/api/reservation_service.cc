#include "services/ledger/api/reservation_service.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_view.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger {
namespace {

template <typename Request>
AuthorizationAsk AskOf(const Request& request) {
  AuthorizationAsk ask;
  ask.kind = request.type() == v1::RESERVATION_TYPE_UNIVERSAL ? AuthorizationKind::kPermanentReservation
                                                              : AuthorizationKind::kSpecificReservation;
  ask.udi = {request.udi().product_id(), request.udi().serial_number()};
  for (const v1::AuthorizationLine& line : request.lines()) {
    ask.lines.push_back({.quantity = line.count(), .tag = line.tag()});
  }
  return ask;
}

absl::Status CheckLines(const AuthorizationAsk& ask) {
  if (ask.lines.empty()) return FieldMissing("lines", "one or more");
  if (ask.kind == AuthorizationKind::kPermanentReservation && ask.lines.size() != 1) {
    return FieldInvalid("lines", absl::StrCat(ask.lines.size(), " licenses"),
                        "one, as the reservation is universal");
  }
  return absl::OkStatus();
}

}  // namespace

template <typename Request>
grpc::Status ReservationServiceImpl::Reserve(grpc::ServerContext& context, const char* method,
                                             const Request& request, AuthorizationAsk ask,
                                             v1::Authorization* response) {
  Authorization asked;
  const grpc::Status status = IdempotentWork(
      api_, context, method, request, request.request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckLines(ask));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, context, request.smart_account()));
        ask.smart_account_id = account.id;
        ASSIGN_OR_RETURN(asked, flow_.Ask(tx, act, ask));
        return absl::OkStatus();
      },
      [&](const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const Authorization granted, flow_.Grant(ask.smart_account_id, asked.id, act));
        return api_.pool->Read("ledger_show_reservation", [&](pqxx::transaction_base& tx) -> absl::Status {
          *response = View(granted, VirtualAccountNames(tx, ask.smart_account_id));
          return absl::OkStatus();
        });
      });
  if (!status.ok()) return status;
  return rpc::ToGrpc(
      AttachCode(api_, flow_, context, request.smart_account(), ask.confirmation_code, response));
}

grpc::Status ReservationServiceImpl::ReserveLicenses(grpc::ServerContext* context,
                                                     const v1::ReserveLicensesRequest* request,
                                                     v1::Authorization* response) {
  AuthorizationAsk ask = AskOf(*request);
  ask.virtual_account = request->virtual_account();
  return Reserve(*context, "ledger.v1.ReservationService/ReserveLicenses", *request, std::move(ask),
                 response);
}

grpc::Status ReservationServiceImpl::UpdateReservation(grpc::ServerContext* context,
                                                       const v1::UpdateReservationRequest* request,
                                                       v1::Authorization* response) {
  if (request->confirmation_code().empty()) {
    return rpc::ToGrpc(FieldMissing("confirmation_code", "the one of the installed reservation"));
  }
  AuthorizationAsk ask = AskOf(*request);
  ask.confirmation_code = request->confirmation_code();
  return Reserve(*context, "ledger.v1.ReservationService/UpdateReservation", *request, std::move(ask),
                 response);
}

grpc::Status ReservationServiceImpl::ReturnReservation(grpc::ServerContext* context,
                                                       const v1::ReturnReservationRequest* request,
                                                       v1::Authorization* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.ReservationService/ReturnReservation", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        AuthorizationAsk ask;
        ask.smart_account_id = account.id;
        ask.kind = AuthorizationKind::kSpecificReservation;
        ask.udi = {request->udi().product_id(), request->udi().serial_number()};
        ask.removal_code = request->return_code();
        ASSIGN_OR_RETURN(const Authorization returned,
                         ask.removal_code.empty() ? flow_.AskReturn(tx, act, account.id, ask.udi, ask.kind)
                                                  : flow_.Ask(tx, act, ask));
        *response = View(returned, VirtualAccountNames(tx, account.id));
        return absl::OkStatus();
      });
}

grpc::Status ReservationServiceImpl::ListReservations(grpc::ServerContext* context,
                                                      const v1::ListReservationsRequest* request,
                                                      v1::ListReservationsResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_reservations", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t token_filter = ids::FilterHash({"ListReservations", absl::StrCat(account.id)});
        AuthorizationFilter filter{.smart_account_id = account.id, .reservations = true};
        ASSIGN_OR_RETURN(filter.limit, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), token_filter));
        if (!after.empty() && !absl::SimpleAtoi(after[0], &filter.after_id)) {
          return FieldInvalid("page_token", request->page_token(), "one of this list");
        }
        const std::vector<Authorization> found = ListAuthorizations(tx, filter);
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        for (const Authorization& one : found) *response->add_reservations() = View(one, names);
        if (std::ssize(found) == filter.limit) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(found.back().id)}, token_filter));
        }
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
