// AuthorizationService: who may have export-controlled licenses, and who approves them.
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_service.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger {
namespace {

constexpr int kCountriesMax = 300;

// ISO 3166 alpha-2 in upper case.
absl::StatusOr<std::string> CountryOf(const char* field, const std::string& text) {
  const std::string country = absl::AsciiStrToUpper(text);
  if (country.size() != 2 || !absl::ascii_isupper(country[0]) || !absl::ascii_isupper(country[1])) {
    return FieldInvalid(field, text, "two letters of ISO 3166");
  }
  return country;
}

void Show(pqxx::transaction_base& tx, const AuthorizationRule& rule, v1::AuthorizationRule* response) {
  response->set_export_allowed(rule.export_status.allowed);
  response->set_country(rule.export_status.country);
  response->set_approval(rule.four_eyes ? v1::APPROVAL_RULE_FOUR_EYES : v1::APPROVAL_RULE_AUTOMATIC);
  for (const std::string& country : RestrictedCountries(tx)) response->add_restricted_countries(country);
}

std::string AuditOf(const AuthorizationRule& rule) {
  return absl::StrCat("{\"export_allowed\":", rule.export_status.allowed ? "true" : "false",
                      ",\"country\":", JsonString(rule.export_status.country),
                      ",\"four_eyes\":", rule.four_eyes ? "true" : "false", "}");
}

}  // namespace

grpc::Status AuthorizationServiceImpl::GetAuthorizationRule(grpc::ServerContext* context,
                                                            const v1::GetAuthorizationRuleRequest* request,
                                                            v1::AuthorizationRule* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_get_authorization_rule", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        Show(tx, ReadAuthorizationRule(tx, account.id), response);
        return absl::OkStatus();
      }));
}

grpc::Status AuthorizationServiceImpl::SetAuthorizationRule(grpc::ServerContext* context,
                                                            const v1::SetAuthorizationRuleRequest* request,
                                                            v1::AuthorizationRule* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationService/SetAuthorizationRule", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        AuthorizationRule rule;
        rule.export_status.allowed = request->export_allowed();
        rule.four_eyes = request->approval() != v1::APPROVAL_RULE_AUTOMATIC;
        if (!request->country().empty()) {
          ASSIGN_OR_RETURN(rule.export_status.country, CountryOf("country", request->country()));
        } else if (request->export_allowed()) {
          return FieldMissing("country", "two letters of ISO 3166, as export is allowed");
        }
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const AuthorizationRule before = ReadAuthorizationRule(tx, account.id);
        WriteAuthorizationRule(tx, account.id, rule, act.now);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, AuditOf(before), AuditOf(rule));
        Show(tx, rule, response);
        return absl::OkStatus();
      });
}

grpc::Status AuthorizationServiceImpl::SetRestrictedCountries(
    grpc::ServerContext* context, const v1::SetRestrictedCountriesRequest* request,
    v1::SetRestrictedCountriesResponse* response) {
  if (request->countries_size() > kCountriesMax) {
    return rpc::ToGrpc(TooManyRows("countries", request->countries_size(), kCountriesMax));
  }
  return IdempotentWrite(
      api_, *context, "ledger.v1.AuthorizationService/SetRestrictedCountries", *request,
      request->request_id(), response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        std::set<std::string> countries;
        for (const std::string& text : request->countries()) {
          ASSIGN_OR_RETURN(std::string country, CountryOf("countries", text));
          countries.insert(std::move(country));
        }
        // The list is the node's: a caller that is bound to one account does not set it for the others.
        const std::string bound = rpc::ReadCaller(*context).smart_account;
        if (!bound.empty())
          return FieldInvalid("smart_account", bound, "a caller that is bound to no account");
        ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, *context, ""));
        const std::string before = absl::StrJoin(RestrictedCountries(tx), ",");
        ReplaceRestrictedCountries(tx, {countries.begin(), countries.end()}, act.now);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(
            tx, account.id, act, absl::StrCat("{\"restricted_countries\":", JsonString(before), "}"),
            absl::StrCat("{\"restricted_countries\":", JsonString(absl::StrJoin(countries, ",")), "}"));
        for (const std::string& country : countries) response->add_countries(country);
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
