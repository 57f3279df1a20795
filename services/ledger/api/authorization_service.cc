#include "services/ledger/api/authorization_service.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_view.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/authorization_request_file.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {
namespace {

constexpr char kImportMethod[] = "ledger.v1.AuthorizationService/ImportAuthorizationRequest";

AuthorizationAsk AskOf(const v1::RequestAuthorizationRequest& request) {
  AuthorizationAsk ask;
  ask.udi = {request.udi().product_id(), request.udi().serial_number()};
  ask.virtual_account = request.virtual_account();
  for (const v1::AuthorizationLine& line : request.lines()) {
    ask.lines.push_back({.quantity = line.count(), .tag = line.tag()});
  }
  ask.confirmation_code = request.confirmation_code();
  ask.removal_code = request.removal_code();
  return ask;
}

AuthorizationAsk AskOf(AuthorizationFileRequest request, const std::string& virtual_account) {
  AuthorizationAsk ask;
  ask.udi = {std::move(request.product_id), std::move(request.serial_number)};
  ask.virtual_account = virtual_account;
  for (AuthorizationFileRequest::Key& key : request.keys) {
    ask.lines.push_back({.quantity = key.count, .tag = std::move(key.tag)});
  }
  ask.confirmation_code = std::move(request.confirmation_code);
  ask.removal_code = std::move(request.removal_code);
  return ask;
}

absl::Status Show(pqxx::transaction_base& tx, int64_t smart_account_id, const Authorization& authorization,
                  v1::Authorization* response) {
  *response = View(authorization, VirtualAccountNames(tx, smart_account_id));
  return absl::OkStatus();
}

}  // namespace

grpc::Status AuthorizationServiceImpl::RequestAuthorization(grpc::ServerContext* context,
                                                            const v1::RequestAuthorizationRequest* request,
                                                            v1::Authorization* response) {
  AuthorizationAsk ask = AskOf(*request);
  ask.from_device = IsDevice(*context);
  Authorization asked;
  const grpc::Status status = IdempotentWork(
      api_, *context, "ledger.v1.AuthorizationService/RequestAuthorization", *request, request->request_id(),
      response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ask.smart_account_id = account.id;
        ASSIGN_OR_RETURN(asked, flow_.Ask(tx, act, ask));
        return absl::OkStatus();
      },
      [&](const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const Authorization granted, flow_.Grant(ask.smart_account_id, asked.id, act));
        return api_.pool->Read("ledger_show_authorization", [&](pqxx::transaction_base& tx) {
          return Show(tx, ask.smart_account_id, granted, response);
        });
      });
  if (!status.ok()) return status;
  return rpc::ToGrpc(
      AttachCode(api_, flow_, *context, request->smart_account(), request->confirmation_code(), response));
}

absl::StatusOr<v1::Authorization> AuthorizationServiceImpl::AskOnce(grpc::ServerContext& context,
                                                                    AuthorizationAsk ask,
                                                                    const std::string& smart_account) {
  const Act act{rpc::ReadCaller(context).actor, "", kImportMethod, api_.clock->Now()};
  ask.from_device = IsDevice(context);
  ASSIGN_OR_RETURN(const Authorization asked,
                   api_.pool->Transact("ledger_import_authorization",
                                       [&](pqxx::transaction_base& tx) -> absl::StatusOr<Authorization> {
                                         ASSIGN_OR_RETURN(const SmartAccount account,
                                                          SmartAccountOfCall(tx, context, smart_account));
                                         ask.smart_account_id = account.id;
                                         return flow_.Ask(tx, act, ask);
                                       }));
  ASSIGN_OR_RETURN(const Authorization granted, flow_.Grant(ask.smart_account_id, asked.id, act));
  v1::Authorization shown;
  RETURN_IF_ERROR(api_.pool->Read("ledger_show_authorization", [&](pqxx::transaction_base& tx) {
    return Show(tx, ask.smart_account_id, granted, &shown);
  }));
  ASSIGN_OR_RETURN(*shown.mutable_smart_license(),
                   CodeFor(flow_, context, ask.smart_account_id, granted, ask.confirmation_code));
  return shown;
}

grpc::Status AuthorizationServiceImpl::ImportAuthorizationRequest(
    grpc::ServerContext* context, const v1::ImportAuthorizationRequestRequest* request,
    v1::ImportAuthorizationRequestResponse* response) {
  auto requests = ReadAuthorizationRequestFile(request->file());
  if (!requests.ok()) return rpc::ToGrpc(requests.status());
  for (AuthorizationFileRequest& one : *requests) {
    auto& result = *response->add_results();
    result.mutable_udi()->set_product_id(one.product_id);
    result.mutable_udi()->set_serial_number(one.serial_number);
    absl::StatusOr<v1::Authorization> authorization =
        AskOnce(*context, AskOf(std::move(one), request->virtual_account()), request->smart_account());
    if (authorization.ok()) {
      *result.mutable_authorization() = *std::move(authorization);
    } else {
      result.set_reason(std::string(errors::ErrorId(authorization.status())));
      result.set_message(std::string(authorization.status().message()));
    }
  }
  return grpc::Status::OK;
}

grpc::Status AuthorizationServiceImpl::ApproveAuthorization(grpc::ServerContext* context,
                                                            const v1::ApproveAuthorizationRequest* request,
                                                            v1::Authorization* response) {
  int64_t smart_account_id = 0;
  const grpc::Status status = IdempotentWork(
      api_, *context, "ledger.v1.AuthorizationService/ApproveAuthorization", *request, request->request_id(),
      response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        smart_account_id = account.id;
        return flow_.Approve(tx, act, account.id, request->authorization_id()).status();
      },
      [&](const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const Authorization granted,
                         flow_.Grant(smart_account_id, request->authorization_id(), act));
        return api_.pool->Read("ledger_show_authorization", [&](pqxx::transaction_base& tx) {
          return Show(tx, smart_account_id, granted, response);
        });
      });
  if (!status.ok()) return status;
  return rpc::ToGrpc(AttachCode(api_, flow_, *context, request->smart_account(), "", response));
}

grpc::Status AuthorizationServiceImpl::DenyAuthorization(grpc::ServerContext* context,
                                                         const v1::DenyAuthorizationRequest* request,
                                                         v1::Authorization* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.AuthorizationService/DenyAuthorization", *request,
                         request->request_id(), response,
                         [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           ASSIGN_OR_RETURN(const Authorization denied,
                                            flow_.Deny(tx, act, account.id, request->authorization_id()));
                           return Show(tx, account.id, denied, response);
                         });
}

grpc::Status AuthorizationServiceImpl::ConfirmAuthorization(grpc::ServerContext* context,
                                                            const v1::ConfirmAuthorizationRequest* request,
                                                            v1::Authorization* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationService/ConfirmAuthorization", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        if (request->confirmation_code().empty()) {
          return FieldMissing("confirmation_code", "the one that the product instance shows");
        }
        AuthorizationAsk ask;
        ask.smart_account_id = account.id;
        ask.udi = {request->udi().product_id(), request->udi().serial_number()};
        ask.confirmation_code = request->confirmation_code();
        ASSIGN_OR_RETURN(const Authorization confirmed, flow_.Ask(tx, act, ask));
        return Show(tx, account.id, confirmed, response);
      });
}

grpc::Status AuthorizationServiceImpl::ReturnAuthorization(grpc::ServerContext* context,
                                                           const v1::ReturnAuthorizationRequest* request,
                                                           v1::Authorization* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationService/ReturnAuthorization", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        AuthorizationAsk ask;
        ask.smart_account_id = account.id;
        ask.udi = {request->udi().product_id(), request->udi().serial_number()};
        ask.removal_code = request->removal_code();
        if (ask.removal_code.empty() && IsDevice(*context)) {
          return FieldMissing("removal_code", "the one that the product instance shows");
        }
        ASSIGN_OR_RETURN(const Authorization returned,
                         ask.removal_code.empty() ? flow_.AskReturn(tx, act, account.id, ask.udi, ask.kind)
                                                  : flow_.Ask(tx, act, ask));
        return Show(tx, account.id, returned, response);
      });
}

grpc::Status AuthorizationServiceImpl::GetAuthorization(grpc::ServerContext* context,
                                                        const v1::GetAuthorizationRequest* request,
                                                        v1::Authorization* response) {
  const absl::Status status =
      api_.pool->Read("ledger_get_authorization", [&](pqxx::transaction_base& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const auto found = FindAuthorization(tx, account.id, request->authorization_id());
        if (!found) return AuthorizationUnknown("authorization_id", request->authorization_id());
        return Show(tx, account.id, *found, response);
      });
  if (!status.ok()) return rpc::ToGrpc(status);
  return rpc::ToGrpc(AttachCode(api_, flow_, *context, request->smart_account(), "", response));
}

grpc::Status AuthorizationServiceImpl::ListAuthorizations(grpc::ServerContext* context,
                                                          const v1::ListAuthorizationsRequest* request,
                                                          v1::ListAuthorizationsResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_authorizations", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t token_filter =
            ids::FilterHash({"ListAuthorizations", absl::StrCat(account.id), request->product_id(),
                             request->serial_number(), absl::StrCat(request->state())});
        AuthorizationFilter filter{.smart_account_id = account.id};
        ASSIGN_OR_RETURN(filter.limit, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), token_filter));
        if (!after.empty() && !absl::SimpleAtoi(after[0], &filter.after_id)) {
          return FieldInvalid("page_token", request->page_token(), "one of this list");
        }
        if (request->state() != v1::AUTHORIZATION_STATE_UNSPECIFIED) {
          filter.state = static_cast<AuthorizationState>(request->state());
        }
        if (!request->product_id().empty() || !request->serial_number().empty()) {
          const auto instance =
              FindInstance(tx, account.id, {request->product_id(), request->serial_number()});
          if (!instance) return ProductInstanceUnknown(request->product_id(), request->serial_number());
          filter.product_instance_id = instance->id;
        }
        const std::vector<Authorization> found = ledger::ListAuthorizations(tx, filter);
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        for (const Authorization& one : found) *response->add_authorizations() = View(one, names);
        if (std::ssize(found) == filter.limit) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(found.back().id)}, token_filter));
        }
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
