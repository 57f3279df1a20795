// authorization request, import, approve, deny, confirm, return, list, show, export, rule, set-rule,
// restrict-countries
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/authorization_release.h"
#include "clients/qmctl/commands/authorization_rows.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/authorizations.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Authorization;
using ledger::v1::AuthorizationRule;
using ledger::v1::AuthorizationService;
using Stub = AuthorizationService::Stub;
using ImportResult = ledger::v1::ImportAuthorizationRequestResponse::Result;

struct RequestOptions {
  std::string udi, virtual_account, confirmation_code, removal_code, file;
  std::vector<std::string> lines;
};
struct ImportOptions {
  std::string file, virtual_account, folder;
};
struct IdOptions {
  int64_t id = 0;
  std::string file;
};
struct ProofOptions {
  std::string udi, code;
};
struct AuthorizationListOptions : ListOptions {
  std::string udi, state;
};
struct RuleOptions {
  std::string export_allowed, country, approval;
};
struct CountryOptions {
  std::vector<std::string> countries;
};

absl::StatusOr<ExitCode> Request(Invocation& invocation, const RequestOptions& options) {
  ledger::v1::RequestAuthorizationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  RETURN_IF_ERROR(AddLines(options.lines, request));
  request.set_confirmation_code(options.confirmation_code);
  request.set_removal_code(options.removal_code);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Authorization answer,
                   invocation.Call<AuthorizationService>(&Stub::RequestAuthorization, request));
  return ShowAuthorization(invocation, answer, options.file);
}

const RowSpec<ImportResult>& ResultSpec() {
  using K = CellKind;
  using R = ImportResult;
  static const auto* spec = new RowSpec<R>{
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"authorization_id", "Id", K::kNumber,
       [](const R& r) { return Json(r.authorization().authorization_id()); }},
      {"state", "State", K::kText, [](const R& r) { return EnumWord(r.authorization().state()); }},
      {"licenses", "Licenses", K::kText, [](const R& r) { return Json(LinesText(r.authorization())); }},
      {"reason", "Reason", K::kText, [](const R& r) { return TextOrNull(r.reason()); }},
      {"message", "Message", K::kText, [](const R& r) { return TextOrNull(r.message()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Import(Invocation& invocation, const ImportOptions& options) {
  ledger::v1::ImportAuthorizationRequestRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  ASSIGN_OR_RETURN(*request.mutable_file(), client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Call<AuthorizationService>(&Stub::ImportAuthorizationRequest, request));
  Output& output = invocation.output();
  bool refused = false;
  output.Begin();
  output.BeginRows({"results", ""}, ResultSpec());
  for (const ImportResult& result : answer.results()) {
    const Authorization& authorization = result.authorization();
    if (!options.folder.empty() && !authorization.smart_license().empty()) {
      // The id is ours: nothing of a UDI becomes a path.
      RETURN_IF_ERROR(client::WriteFileAtomically(
          absl::StrCat(options.folder, "/SLAC_", authorization.authorization_id(), ".xml"),
          authorization.smart_license()));
    }
    output.AddRow(ResultSpec(), result);
    refused |= !result.reason().empty();
  }
  output.EndRows();
  output.End();
  return refused ? ExitCode::kRefused : ExitCode::kOk;
}

template <typename Wanted>
absl::StatusOr<ExitCode> Decide(Invocation& invocation, const IdOptions& options,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Wanted&,
                                                             Authorization*)) {
  Wanted request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_authorization_id(options.id);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Authorization answer, invocation.Call<AuthorizationService>(method, request));
  return ShowAuthorization(invocation, answer, options.file);
}
absl::StatusOr<ExitCode> Approve(Invocation& invocation, const IdOptions& options) {
  return Decide(invocation, options, &Stub::ApproveAuthorization);
}
absl::StatusOr<ExitCode> Deny(Invocation& invocation, const IdOptions& options) {
  return Decide(invocation, options, &Stub::DenyAuthorization);
}

absl::StatusOr<ExitCode> Confirm(Invocation& invocation, const ProofOptions& options) {
  ledger::v1::ConfirmAuthorizationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  request.set_confirmation_code(options.code);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Authorization answer,
                   invocation.Call<AuthorizationService>(&Stub::ConfirmAuthorization, request));
  return ShowAuthorization(invocation, answer, "");
}

absl::StatusOr<ExitCode> Return(Invocation& invocation, const ProofOptions& options) {
  ledger::v1::ReturnAuthorizationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  request.set_removal_code(options.code);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Authorization answer,
                   invocation.Call<AuthorizationService>(&Stub::ReturnAuthorization, request));
  return ShowAuthorization(invocation, answer, "");
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const AuthorizationListOptions& options) {
  ledger::v1::ListAuthorizationsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  if (!options.udi.empty()) {
    ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
    request.set_product_id(udi.product_id());
    request.set_serial_number(udi.serial_number());
  }
  for (int i = 1; i <= ledger::v1::AuthorizationState_MAX; ++i) {
    const auto state = static_cast<ledger::v1::AuthorizationState>(i);
    if (EnumWord(state) == Json(options.state)) request.set_state(state);
  }
  return ListRows<AuthorizationService>(
      invocation, {"authorizations", ""}, AuthorizationSpec(), &Stub::ListAuthorizations, request,
      [](const auto& page) -> const auto& { return page.authorizations(); }, options.limit);
}

absl::StatusOr<Authorization> Get(Invocation& invocation, int64_t id) {
  ledger::v1::GetAuthorizationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_authorization_id(id);
  return invocation.Call<AuthorizationService>(&Stub::GetAuthorization, request);
}

absl::StatusOr<ExitCode> ShowOne(Invocation& invocation, const IdOptions& options) {
  ASSIGN_OR_RETURN(const Authorization answer, Get(invocation, options.id));
  return ShowAuthorization(invocation, answer, "");
}

absl::StatusOr<ExitCode> Export(Invocation& invocation, const IdOptions& options) {
  ASSIGN_OR_RETURN(const Authorization answer, Get(invocation, options.id));
  if (options.file != "-") return ShowAuthorization(invocation, answer, options.file);
  invocation.streams().out << answer.smart_license();
  return ExitCode::kOk;
}

const RowSpec<AuthorizationRule>& RuleSpec() {
  using K = CellKind;
  using R = AuthorizationRule;
  static const auto* spec = new RowSpec<R>{
      {"export_allowed", "", K::kFlag, [](const R& r) { return Json(r.export_allowed()); }},
      {"", "Export allowed", K::kText, [](const R& r) { return Json(r.export_allowed() ? "yes" : "no"); }},
      {"country", "Country", K::kText, [](const R& r) { return TextOrNull(r.country()); }},
      {"approval", "Approval", K::kText, [](const R& r) { return EnumWord(r.approval()); }},
      {"restricted_countries", "Restricted countries", K::kList,
       [](const R& r) {
         return Json(
             std::vector<std::string>(r.restricted_countries().begin(), r.restricted_countries().end()));
       }},
  };
  return *spec;
}

ExitCode ShowRule(Invocation& invocation, const AuthorizationRule& rule) {
  invocation.output().Begin();
  invocation.output().Record(RuleSpec(), rule);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Rule(Invocation& invocation, const NoOptions&) {
  ledger::v1::GetAuthorizationRuleRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const AuthorizationRule rule,
                   invocation.Call<AuthorizationService>(&Stub::GetAuthorizationRule, request));
  return ShowRule(invocation, rule);
}

absl::StatusOr<ExitCode> SetRule(Invocation& invocation, const RuleOptions& options) {
  ledger::v1::SetAuthorizationRuleRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_export_allowed(options.export_allowed == "yes");
  request.set_country(options.country);
  request.set_approval(options.approval == "automatic" ? ledger::v1::APPROVAL_RULE_AUTOMATIC
                                                       : ledger::v1::APPROVAL_RULE_FOUR_EYES);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const AuthorizationRule rule,
                   invocation.Call<AuthorizationService>(&Stub::SetAuthorizationRule, request));
  return ShowRule(invocation, rule);
}

absl::StatusOr<ExitCode> RestrictCountries(Invocation& invocation, const CountryOptions& options) {
  ledger::v1::SetRestrictedCountriesRequest request;
  for (const std::string& country : options.countries) request.add_countries(country);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Call<AuthorizationService>(&Stub::SetRestrictedCountries, request));
  AuthorizationRule rule;
  *rule.mutable_restricted_countries() = answer.countries();
  static const auto* spec = new RowSpec<AuthorizationRule>{RuleSpec().back()};
  invocation.output().Begin();
  invocation.output().Record(*spec, rule);
  invocation.output().End();
  return ExitCode::kOk;
}

void AddProofCommands(CLI::App& group, Invocation& invocation) {
  auto confirm =
      AddLeaf<ProofOptions>(group, "confirm", "Take the proof that a code is installed", invocation, Confirm);
  confirm.app.add_option("--product-instance", confirm.options->udi, "PID:SN")->required();
  confirm.app.add_option("CODE", confirm.options->code, "Confirmation code that the product instance shows")
      ->required();
  auto back = AddLeaf<ProofOptions>(group, "return",
                                    "Take the proof that a code is removed; without one, ask for the return",
                                    invocation, Return);
  back.app.add_option("--product-instance", back.options->udi, "PID:SN")->required();
  back.app.add_option("CODE", back.options->code, "Removal code that the product instance shows");
}

void AddDecisionCommands(CLI::App& group, Invocation& invocation) {
  for (const bool approves : {true, false}) {
    auto leaf = AddLeaf<IdOptions>(
        group, approves ? "approve" : "deny",
        approves ? "Grant one that awaits approval; not who asked for it" : "Refuse one that awaits approval",
        invocation, approves ? Approve : Deny);
    leaf.app.add_option("ID", leaf.options->id, "Number of the authorization")->required();
  }
  AddLeaf<NoOptions>(group, "rule", "Whether export-controlled licenses are granted here, and how",
                     invocation, Rule);
  auto set_rule = AddLeaf<RuleOptions>(group, "set-rule", "Say so", invocation, SetRule);
  set_rule.app.add_option("--export", set_rule.options->export_allowed, "yes or no")
      ->required()
      ->check(CLI::IsMember({"yes", "no"}));
  set_rule.app.add_option("--country", set_rule.options->country, "Two letters of ISO 3166");
  set_rule.app.add_option("--approval", set_rule.options->approval, "automatic or four-eyes (the default)")
      ->check(CLI::IsMember({"automatic", "four-eyes"}));
  auto countries = AddLeaf<CountryOptions>(
      group, "restrict-countries", "Replace the node's list of countries that get nothing export-controlled",
      invocation, RestrictCountries);
  countries.app.add_option("COUNTRY", countries.options->countries,
                           "Two letters of ISO 3166; none empties the list");
}

}  // namespace

void AddAuthorizationCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "authorization", "Authorization codes for enforced licenses");
  auto request = AddLeaf<RequestOptions>(
      group, "request", "Ask for a code, or fetch the one that is on its way", invocation, Request);
  request.app.add_option("--product-instance", request.options->udi, "PID:SN")->required();
  request.app.add_option("--license", request.options->lines, "TAG=COUNT; may be repeated")->required();
  request.app.add_option("--virtual-account", request.options->virtual_account,
                         "Home of one that is not known yet");
  request.app.add_option("--confirmation-code", request.options->confirmation_code,
                         "Of the code that is installed");
  request.app.add_option("--removal-code", request.options->removal_code, "Of the code that was removed");
  request.app.add_option("--file", request.options->file, "Where the code goes");
  auto import_leaf =
      AddLeaf<ImportOptions>(group, "import", "Take a request file of product instances", invocation, Import);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "As `agent authorization request` wrote it")
      ->required();
  import_leaf.app.add_option("--virtual-account", import_leaf.options->virtual_account,
                             "Home of those that are not known yet");
  import_leaf.app.add_option("--folder", import_leaf.options->folder,
                             "Write the codes there, as SLAC_<id>.xml");
  AddProofCommands(group, invocation);
  AddDecisionCommands(group, invocation);
  AddReleaseCommands(group, invocation);
  auto list =
      AddLeaf<AuthorizationListOptions>(group, "list", "Authorizations, oldest first", invocation, List);
  list.app.add_option("--product-instance", list.options->udi, "Only of this one, PID:SN");
  list.app.add_option("--state", list.options->state, "Only in this state")
      ->check(CLI::IsMember({"awaiting_approval", "held", "granted", "confirmed", "return_pending",
                             "replaced", "returned", "denied", "expired"}));
  AddLimit(list.app, *list.options);
  auto show = AddLeaf<IdOptions>(group, "show", "One authorization", invocation, ShowOne);
  show.app.add_option("ID", show.options->id, "Its number")->required();
  auto export_leaf = AddLeaf<IdOptions>(
      group, "export", "Write the code of an authorization that is in force", invocation, Export);
  export_leaf.app.add_option("ID", export_leaf.options->id, "Its number")->required();
  export_leaf.app
      .add_option("-o,--file", export_leaf.options->file,
                  "Where the code goes; - is standard output (here -o is no format)")
      ->required();
}

}  // namespace quartermaster::qmctl
