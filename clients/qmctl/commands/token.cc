// token create, token list, token revoke, token forget
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/id_tokens.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::CreateIdTokenResponse;
using ledger::v1::ForgetRedemptionResponse;
using ledger::v1::IdToken;
using ledger::v1::IdTokenService;

struct CreateOptions {
  std::string virtual_account;
  std::string description;
  int days = 30;
  int uses = 0;
  bool export_controlled = false;
};
struct TokenListOptions : ListOptions {
  std::string virtual_account;
};
struct RevokeOptions {
  int64_t id = 0;
};
struct ForgetOptions {
  std::string udi;
};

const char* StateWord(IdToken::State state) {
  switch (state) {
    case IdToken::STATE_ACTIVE:
      return "active";
    case IdToken::STATE_EXPIRED:
      return "expired";
    case IdToken::STATE_USED_UP:
      return "used up";
    case IdToken::STATE_REVOKED:
      return "revoked";
    default:
      return "unknown";
  }
}

// 0 stands for any number.
Json UsesMax(const IdToken& token) { return token.uses_max() == 0 ? Json(nullptr) : Json(token.uses_max()); }

const RowSpec<IdToken>& TokenSpec() {
  using K = CellKind;
  using R = IdToken;
  static const auto* spec = new RowSpec<R>{
      {"id_token_id", "Id", K::kNumber, [](const R& r) { return Json(r.id_token_id()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"description", "Description", K::kText, [](const R& r) { return TextOrNull(r.description()); }},
      {"state", "State", K::kText, [](const R& r) { return Json(StateWord(r.state())); }},
      {"uses", "Uses", K::kCount, [](const R& r) { return Json(r.uses()); }},
      {"uses_max", "Of", K::kCount, UsesMax},
      {"export_controlled", "Export-controlled", K::kFlag,
       [](const R& r) { return Json(r.export_controlled()); }},
      {"created_at", "Created", K::kTime,
       [](const R& r) { return TimeJson(r.has_created_at(), r.created_at()); }},
      {"expires_at", "Expires", K::kTime,
       [](const R& r) { return TimeJson(r.has_expires_at(), r.expires_at()); }},
      {"revoked_at", "Revoked", K::kTime,
       [](const R& r) { return TimeJson(r.has_revoked_at(), r.revoked_at()); }},
  };
  return *spec;
}

const RowSpec<CreateIdTokenResponse>& CreatedSpec() {
  using K = CellKind;
  using R = CreateIdTokenResponse;
  static const auto* spec = new RowSpec<R>{
      {"value", "ID token", K::kText, [](const R& r) { return Json(r.value()); }},
      {"id_token_id", "Id", K::kNumber, [](const R& r) { return Json(r.id_token().id_token_id()); }},
      {"virtual_account", "Virtual account", K::kText,
       [](const R& r) { return Json(r.id_token().virtual_account()); }},
      {"uses_max", "Uses", K::kCount, [](const R& r) { return UsesMax(r.id_token()); }},
      {"export_controlled", "Export-controlled", K::kFlag,
       [](const R& r) { return Json(r.id_token().export_controlled()); }},
      {"expires_at", "Expires", K::kTime,
       [](const R& r) { return TimeJson(r.id_token().has_expires_at(), r.id_token().expires_at()); }},
  };
  return *spec;
}

const RowSpec<ForgetRedemptionResponse>& ForgottenSpec() {
  using R = ForgetRedemptionResponse;
  static const auto* spec = new RowSpec<R>{
      {"id_tokens", "Forgotten ID tokens", CellKind::kCount, [](const R& r) { return Json(r.id_tokens()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Create(Invocation& invocation, const CreateOptions& options) {
  ledger::v1::CreateIdTokenRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_description(options.description);
  request.set_expires_after_days(options.days);
  request.set_uses_max(options.uses);
  request.set_export_controlled(options.export_controlled);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const CreateIdTokenResponse created,
                   invocation.Call<IdTokenService>(&IdTokenService::Stub::CreateIdToken, request));
  Output& output = invocation.output();
  output.Begin();
  output.Record(CreatedSpec(), created);
  output.Note("the ID token is shown this once: keep it, and hand it over as a secret");
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const TokenListOptions& options) {
  ledger::v1::ListIdTokensRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  return ListRows<IdTokenService>(
      invocation, {"id_tokens", ""}, TokenSpec(), &IdTokenService::Stub::ListIdTokens, request,
      [](const auto& page) -> const auto& { return page.id_tokens(); }, options.limit);
}

absl::StatusOr<ExitCode> Revoke(Invocation& invocation, const RevokeOptions& options) {
  ledger::v1::RevokeIdTokenRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_id_token_id(options.id);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const IdToken token,
                   invocation.Call<IdTokenService>(&IdTokenService::Stub::RevokeIdToken, request));
  invocation.output().Begin();
  invocation.output().Record(TokenSpec(), token);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Forget(Invocation& invocation, const ForgetOptions& options) {
  ledger::v1::ForgetRedemptionRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const ForgetRedemptionResponse forgotten,
                   invocation.Call<IdTokenService>(&IdTokenService::Stub::ForgetRedemption, request));
  invocation.output().Begin();
  invocation.output().Record(ForgottenSpec(), forgotten);
  invocation.output().End();
  return ExitCode::kOk;
}

}  // namespace

void AddTokenCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& token = AddGroup(app, "token", "ID tokens, for which product instances get their trust code");
  auto create =
      AddLeaf<CreateOptions>(token, "create", "Make an ID token and show it, this once", invocation, Create);
  create.app.add_option("--virtual-account", create.options->virtual_account,
                        "Home of the product instances (default: the default one)");
  create.app.add_option("--description", create.options->description, "What it is for");
  create.app.add_option("--days", create.options->days, "1 to 365, after which it expires")
      ->capture_default_str();
  create.app.add_option("--uses", create.options->uses, "Product instances that may use it; 0: any number")
      ->capture_default_str();
  create.app.add_flag("--export-controlled", create.options->export_controlled,
                      "Allow export-controlled functionality");
  auto list = AddLeaf<TokenListOptions>(token, "list", "ID tokens, without their values", invocation, List);
  list.app.add_option("--virtual-account", list.options->virtual_account, "Only of this one");
  AddLimit(list.app, *list.options);
  auto revoke =
      AddLeaf<RevokeOptions>(token, "revoke", "Nobody gets trust by it any more", invocation, Revoke);
  revoke.app.add_option("ID", revoke.options->id, "As `token list` shows it")->required();
  auto forget = AddLeaf<ForgetOptions>(token, "forget", "Let a product instance go to another Smart Account",
                                       invocation, Forget);
  forget.app.add_option("PID:SN", forget.options->udi, "The product instance that redeemed an ID token")
      ->required();
}

}  // namespace quartermaster::qmctl
