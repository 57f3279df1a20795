#include "services/ledger/api/policy_service.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/explain_deadlines.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/policy_conversion.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/reporting_policy_book.h"

namespace quartermaster::ledger {
namespace {

using Names = std::map<int64_t, std::string>;

absl::StatusOr<PolicyScope> ScopeOf(pqxx::transaction_base& tx, int64_t smart_account_id,
                                    const std::string& virtual_account) {
  PolicyScope scope{.smart_account_id = smart_account_id, .virtual_account_id = std::nullopt};
  if (virtual_account.empty()) return scope;
  RETURN_IF_ERROR(CheckText("virtual_account", virtual_account, kIdBytesMax));
  ASSIGN_OR_RETURN(const VirtualAccount found,
                   FindVirtualAccount(tx, smart_account_id, virtual_account, "virtual_account"));
  scope.virtual_account_id = found.id;
  return scope;
}

// In force from now on, after what was before. What is there already stays as it is, with its time.
StoredPolicy Set(pqxx::transaction_base& tx, const PolicyScope& scope, const policy::ReportingPolicy& policy,
                 const Act& act, const Names& names) {
  LockPolicies(tx, scope.smart_account_id);
  const std::optional<StoredPolicy> before = FindPolicyInForce(tx, scope);
  if (before.has_value() && before->policy == policy) return *before;
  if (before.has_value()) EndPolicy(tx, scope, *before, act.now);
  StoredPolicy wanted;
  wanted.policy = policy;
  wanted.effective_at = act.now;
  wanted.actor = act.actor;
  const StoredPolicy after = InsertPolicy(tx, scope, std::move(wanted));
  WriteChange(tx, scope.smart_account_id, ChangeKind::kAdministration, {}, act);
  WriteAudit(tx, scope.smart_account_id, act, before.has_value() ? AuditOf(*before, names) : "",
             AuditOf(after, names));
  return after;
}

std::optional<StoredPolicy> Clear(pqxx::transaction_base& tx, const PolicyScope& scope, const Act& act,
                                  const Names& names) {
  LockPolicies(tx, scope.smart_account_id);
  const std::optional<StoredPolicy> before = FindPolicyInForce(tx, scope);
  if (!before.has_value()) return std::nullopt;
  const StoredPolicy ended = EndPolicy(tx, scope, *before, act.now);
  WriteChange(tx, scope.smart_account_id, ChangeKind::kAdministration, {}, act);
  WriteAudit(tx, scope.smart_account_id, act, AuditOf(*before, names), "");
  return ended;
}

}  // namespace

grpc::Status PolicyServiceImpl::SetReportingPolicy(grpc::ServerContext* context,
                                                   const v1::SetReportingPolicyRequest* request,
                                                   v1::ReportingPolicy* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.PolicyService/SetReportingPolicy", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const policy::ReportingPolicy policy, PolicyOf(*request));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(const PolicyScope scope, ScopeOf(tx, account.id, request->virtual_account()));
        const Names names = VirtualAccountNames(tx, account.id);
        ToProto(Set(tx, scope, policy, act, names), names, response);
        return absl::OkStatus();
      });
}

grpc::Status PolicyServiceImpl::ClearReportingPolicy(grpc::ServerContext* context,
                                                     const v1::ClearReportingPolicyRequest* request,
                                                     v1::ClearReportingPolicyResponse* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.PolicyService/ClearReportingPolicy", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(const PolicyScope scope, ScopeOf(tx, account.id, request->virtual_account()));
        const Names names = VirtualAccountNames(tx, account.id);
        if (const auto cleared = Clear(tx, scope, act, names)) {
          ToProto(*cleared, names, response->mutable_cleared());
        }
        return absl::OkStatus();
      });
}

grpc::Status PolicyServiceImpl::ListReportingPolicies(grpc::ServerContext* context,
                                                      const v1::ListReportingPoliciesRequest* request,
                                                      v1::ListReportingPoliciesResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_reporting_policies", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(const PolicyScope scope, ScopeOf(tx, account.id, request->virtual_account()));
        const uint64_t token_filter =
            ids::FilterHash({"ListReportingPolicies", absl::StrCat(account.id), request->virtual_account(),
                             request->with_history() ? "history" : ""});
        PolicyListFilter filter;
        filter.smart_account_id = account.id;
        filter.virtual_account_id = scope.virtual_account_id;
        filter.with_ended = request->with_history();
        ASSIGN_OR_RETURN(filter.limit, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(filter.after_id, AfterId(request->page_token(), token_filter));
        const Names names = VirtualAccountNames(tx, account.id);
        const std::vector<StoredPolicy> policies = ListPolicies(tx, filter);
        for (const StoredPolicy& stored : policies) ToProto(stored, names, response->add_policies());
        if (static_cast<int>(policies.size()) == filter.limit) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(policies.back().id)}, token_filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status PolicyServiceImpl::ExplainDeadlines(grpc::ServerContext* context,
                                                 const v1::ExplainDeadlinesRequest* request,
                                                 v1::ExplainDeadlinesResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_explain_deadlines", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        RETURN_IF_ERROR(CheckText("product_id", request->product_id(), kUdiBytesMax));
        RETURN_IF_ERROR(CheckText("serial_number", request->serial_number(), kUdiBytesMax));
        ExplanationWanted wanted;
        wanted.udi = {request->product_id(), request->serial_number()};
        wanted.moment = {api_.clock->Now(), api_.gap_after_s};
        if (request->has_as_of()) {
          ASSIGN_OR_RETURN(wanted.as_of, TimeOf("as_of", request->as_of()));
          wanted.moment.now = *wanted.as_of;
        }
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        wanted.smart_account_id = account.id;
        return Explain(tx, wanted, response);
      }));
}

}  // namespace quartermaster::ledger
