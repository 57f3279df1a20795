#include "services/ledger/api/account_service.h"

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/account_view.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {

grpc::Status AccountServiceImpl::ListSmartAccounts(grpc::ServerContext* context,
                                                   const v1::ListSmartAccountsRequest* request,
                                                   v1::ListSmartAccountsResponse* response) {
  const uint64_t filter = ids::FilterHash({"ListSmartAccounts", request->show_closed() ? "closed" : ""});
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_smart_accounts", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        const std::string bound = rpc::ReadCaller(*context).smart_account;
        if (!bound.empty()) {
          ASSIGN_OR_RETURN(const SmartAccount own, FindSmartAccount(tx, bound));
          ToProto(own, response->add_smart_accounts());
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const int64_t after, AfterId(request->page_token(), filter));
        const std::vector<SmartAccount> accounts =
            ledger::ListSmartAccounts(tx, after, size, request->show_closed());
        for (const SmartAccount& account : accounts) ToProto(account, response->add_smart_accounts());
        if (static_cast<int>(accounts.size()) == size) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(accounts.back().id)}, filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status AccountServiceImpl::CreateSmartAccount(grpc::ServerContext* context,
                                                    const v1::CreateSmartAccountRequest* request,
                                                    v1::SmartAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/CreateSmartAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("domain", request->domain(), kDomainBytesMax));
        RETURN_IF_ERROR(CheckText("display_name", request->display_name(), kAccountNameBytesMax, true));
        const std::string& name =
            request->display_name().empty() ? request->domain() : request->display_name();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         EnsureSmartAccount(tx, request->domain(), name, false, act.now));
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, "", AuditOf(account));
        ToProto(account, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::SetUnverifiablePolicy(grpc::ServerContext* context,
                                                       const v1::SetUnverifiablePolicyRequest* request,
                                                       v1::SmartAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/SetUnverifiablePolicy", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount before,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        if (before.count_unverifiable != request->count_unverifiable()) {
          RETURN_IF_ERROR(switch_policy_(tx, before.id, request->count_unverifiable(), act));
        }
        SmartAccount after = before;
        after.count_unverifiable = request->count_unverifiable();
        WriteAudit(tx, before.id, act, AuditOf(before), AuditOf(after));
        ToProto(after, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::ListVirtualAccounts(grpc::ServerContext* context,
                                                     const v1::ListVirtualAccountsRequest* request,
                                                     v1::ListVirtualAccountsResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_virtual_accounts", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t filter = ids::FilterHash(
            {"ListVirtualAccounts", absl::StrCat(account.id), request->show_closed() ? "closed" : ""});
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const int64_t after, AfterId(request->page_token(), filter));
        const std::vector<VirtualAccount> accounts =
            ledger::ListVirtualAccounts(tx, account.id, after, size, request->show_closed());
        for (const VirtualAccount& one : accounts) ToProto(one, response->add_virtual_accounts());
        if (static_cast<int>(accounts.size()) == size) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(accounts.back().id)}, filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status AccountServiceImpl::CreateVirtualAccount(grpc::ServerContext* context,
                                                      const v1::CreateVirtualAccountRequest* request,
                                                      v1::VirtualAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/CreateVirtualAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("name", request->name(), kAccountNameBytesMax));
        RETURN_IF_ERROR(CheckText("description", request->description(), kDescriptionBytesMax, true));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const VirtualAccount made =
            EnsureVirtualAccount(tx, account.id, request->name(), request->description(), act.now);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, "",
                   absl::StrCat("{\"virtual_account\":", JsonString(made.name),
                                ",\"description\":", JsonString(made.description), "}"));
        ToProto(made, response);
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
