#include "services/ledger/api/authorization_release_service.h"

#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_view.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/authorization_release_book.h"

namespace quartermaster::ledger {
namespace {

absl::Status Show(pqxx::transaction_base& tx, int64_t smart_account_id, const AuthorizationRelease& release,
                  v1::AuthorizationRelease* response) {
  const auto authorization = FindAuthorization(tx, smart_account_id, release.authorization_id);
  if (!authorization) return AuthorizationUnknown("authorization_id", release.authorization_id);
  *response->mutable_authorization() = View(*authorization, VirtualAccountNames(tx, smart_account_id));
  response->set_reason(release.reason);
  response->set_requested_by(release.requested_by);
  SetTime(release.requested_at, response->mutable_request_time());
  SetTime(release.expires_at, response->mutable_expire_time());
  response->set_approved_by(release.decided_by);
  if (release.decided_at) SetTime(*release.decided_at, response->mutable_approve_time());
  return absl::OkStatus();
}

}  // namespace

grpc::Status AuthorizationReleaseServiceImpl::RequestRelease(grpc::ServerContext* context,
                                                             const v1::RequestReleaseRequest* request,
                                                             v1::AuthorizationRelease* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationReleaseService/RequestRelease", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(
            const AuthorizationRelease asked,
            flow_.AskRelease(tx, act, account.id, request->authorization_id(), request->reason()));
        return Show(tx, account.id, asked, response);
      });
}

grpc::Status AuthorizationReleaseServiceImpl::ApproveRelease(grpc::ServerContext* context,
                                                             const v1::ApproveReleaseRequest* request,
                                                             v1::AuthorizationRelease* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationReleaseService/ApproveRelease", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(const AuthorizationRelease approved,
                         flow_.ApproveRelease(tx, act, account.id, request->authorization_id()));
        return Show(tx, account.id, approved, response);
      });
}

grpc::Status AuthorizationReleaseServiceImpl::GetRelease(grpc::ServerContext* context,
                                                         const v1::GetReleaseRequest* request,
                                                         v1::AuthorizationRelease* response) {
  return rpc::ToGrpc(api_.pool->Read("ledger_get_release", [&](pqxx::transaction_base& tx) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, *context, request->smart_account()));
    const auto release = FindRelease(tx, account.id, request->authorization_id());
    if (!release) return ReleaseUnknown(request->authorization_id());
    return Show(tx, account.id, *release, response);
  }));
}

}  // namespace quartermaster::ledger
