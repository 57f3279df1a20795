#include "services/ledger/api/landing_rule_service.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/landing_rule_book.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

absl::Status CheckKey(const std::string& prefix, const std::string& order_id, const std::string& tag) {
  RETURN_IF_ERROR(CheckText(prefix + "order_id", order_id, kIdBytesMax, true));
  RETURN_IF_ERROR(CheckText(prefix + "tag", tag, kTagBytesMax, true));
  if (order_id.empty() && tag.empty()) return FieldMissing(prefix + "order_id", "an order, a tag, or both");
  return absl::OkStatus();
}

void ToProto(const std::string& order_id, const std::string& tag, const std::string& virtual_account,
             v1::LandingRule* out) {
  out->set_order_id(order_id);
  out->set_tag(tag);
  out->set_virtual_account(virtual_account);
}

std::string AuditOf(const v1::LandingRule& rule) {
  return absl::StrCat("{\"order_id\":", JsonString(rule.order_id()), ",\"tag\":", JsonString(rule.tag()),
                      ",\"virtual_account\":", JsonString(rule.virtual_account()), "}");
}

}  // namespace

grpc::Status LandingRuleServiceImpl::SetLandingRule(grpc::ServerContext* context,
                                                    const v1::SetLandingRuleRequest* request,
                                                    v1::LandingRule* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.LandingRuleService/SetLandingRule", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        const v1::LandingRule& rule = request->rule();
        RETURN_IF_ERROR(CheckKey("rule.", rule.order_id(), rule.tag()));
        RETURN_IF_ERROR(CheckText("rule.virtual_account", rule.virtual_account(), kIdBytesMax));

        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        // Before the name: who closes a Virtual Account holds it too.
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        ASSIGN_OR_RETURN(const VirtualAccount lands,
                         FindVirtualAccount(tx, account.id, rule.virtual_account(), "rule.virtual_account"));

        const std::optional<int64_t> replaced =
            ledger::SetLandingRule(tx, account.id, {rule.order_id(), rule.tag(), lands.id}, act.now);

        std::string before;
        if (replaced.has_value()) {
          v1::LandingRule old;
          ToProto(rule.order_id(), rule.tag(), VirtualAccountNames(tx, account.id, {*replaced}).at(*replaced),
                  &old);
          before = AuditOf(old);
        }
        ToProto(rule.order_id(), rule.tag(), lands.name, response);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, before, AuditOf(*response));
        return absl::OkStatus();
      });
}

grpc::Status LandingRuleServiceImpl::ListLandingRules(grpc::ServerContext* context,
                                                      const v1::ListLandingRulesRequest* request,
                                                      v1::ListLandingRulesResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_landing_rules", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t filter = ids::FilterHash({"ListLandingRules", absl::StrCat(account.id)});
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), filter));
        LandingRuleRow last;
        if (after.size() == 2) last = {.order_id = after[0], .tag = after[1]};

        const std::vector<LandingRuleRow> rules = ledger::ListLandingRules(tx, account.id, last, size);
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        for (const LandingRuleRow& rule : rules) {
          ToProto(rule.order_id, rule.tag, names.at(rule.virtual_account_id), response->add_landing_rules());
        }
        if (static_cast<int>(rules.size()) == size) {
          response->set_next_page_token(
              ids::MakePageToken({rules.back().order_id, rules.back().tag}, filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status LandingRuleServiceImpl::DeleteLandingRule(grpc::ServerContext* context,
                                                       const v1::DeleteLandingRuleRequest* request,
                                                       v1::LandingRule* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.LandingRuleService/DeleteLandingRule", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckKey("", request->order_id(), request->tag()));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const std::optional<LandingRuleRow> gone =
            ledger::DeleteLandingRule(tx, account.id, request->order_id(), request->tag());
        if (!gone.has_value()) return LandingRuleUnknown(request->order_id(), request->tag());
        ToProto(gone->order_id, gone->tag,
                VirtualAccountNames(tx, account.id, {gone->virtual_account_id}).at(gone->virtual_account_id),
                response);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, AuditOf(*response), "");
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
