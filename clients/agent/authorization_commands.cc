#include "clients/agent/authorization_commands.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/authorize.h"
#include "clients/agent/online.h"
#include "clients/command_line/registration.h"
#include "clients/connection/file.h"
#include "quartermaster/ledger/v1/authorizations.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using client::ExitCode;
using command_line::AddGroup;
using command_line::AddLeaf;
using command_line::Invocation;
using ledger::v1::Authorization;
using ledger::v1::AuthorizationService;
using output::CellKind;
using output::Json;
using output::Output;
using output::RowSpec;

struct RequestOptions {
  std::vector<std::string> licenses;
  std::string virtual_account, file;
};
struct FileOptions {
  std::string file;
};

// What became of it, and the code that proves it.
struct Outcome {
  std::string state;
  int64_t sequence = 0;
  std::string confirmation_code, removal_code;
};

const RowSpec<Outcome>& OutcomeSpec() {
  using K = CellKind;
  using R = Outcome;
  const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
  static const auto* spec = new RowSpec<R>{
      {"state", "State", K::kText, [text](const R& r) { return text(r.state); }},
      {"sequence", "Sequence", K::kNumber, [](const R& r) { return Json(r.sequence); }},
      {"confirmation_code", "Confirmation code", K::kText,
       [text](const R& r) { return text(r.confirmation_code); }},
      {"removal_code", "Removal code", K::kText, [text](const R& r) { return text(r.removal_code); }},
  };
  return *spec;
}

ExitCode Print(Invocation& invocation, AgentState& state, const std::string& became) {
  const UnitAuthorization& authorization = AuthorizationOf(state);
  Output& output = invocation.output();
  output.Begin();
  output.Record(OutcomeSpec(), Outcome{.state = became,
                                       .sequence = authorization.sequence,
                                       .confirmation_code = authorization.confirmation_code,
                                       .removal_code = authorization.removal_code});
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<WantedTags> WantedOf(const std::vector<std::string>& licenses) {
  WantedTags wanted;
  for (const std::string& license : licenses) {
    const size_t equals = license.rfind('=');
    int64_t count = 0;
    if (equals == std::string::npos || !absl::SimpleAtoi(license.substr(equals + 1), &count)) {
      return client::Usage(absl::StrCat("license: got ", license, ", want TAG=COUNT"));
    }
    wanted.emplace_back(license.substr(0, equals), count);
  }
  return wanted;
}

absl::StatusOr<Authorization> Ask(const client::NodeConnection& node, const Invocation& invocation,
                                  const AgentState& state, const WantedTags& wanted,
                                  const std::string& virtual_account) {
  ledger::v1::RequestAuthorizationRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(virtual_account);
  request.mutable_udi()->set_product_id(state.udi.product_id);
  request.mutable_udi()->set_serial_number(state.udi.serial_number);
  for (const auto& [tag, count] : wanted) {
    auto& line = *request.add_lines();
    line.set_tag(tag);
    line.set_count(count);
  }
  if (const auto known = state.authorizations.find(state.udi); known != state.authorizations.end()) {
    request.set_confirmation_code(known->second.confirmation_code);
    request.set_removal_code(known->second.removal_code);
  }
  const auto stub = AuthorizationService::NewStub(node.channel());
  Authorization answer;
  RETURN_IF_ERROR(node.Call(
      [&](grpc::ClientContext& context) { return stub->RequestAuthorization(&context, request, &answer); }));
  return answer;
}

std::string StateWord(ledger::v1::AuthorizationState state) {
  switch (state) {
    case ledger::v1::AUTHORIZATION_STATE_AWAITING_APPROVAL:
      return "awaiting_approval";
    case ledger::v1::AUTHORIZATION_STATE_HELD:
      return "held";
    case ledger::v1::AUTHORIZATION_STATE_EXPIRED:
      return "expired";
    case ledger::v1::AUTHORIZATION_STATE_RETURNED:
      return "returned";
    default:
      return "installed";
  }
}

// The code that the node answered is installed, saved, and only then confirmed: after a kill the product
// instance knows at least as much as the node.
absl::StatusOr<ExitCode> RequestOnline(Invocation& invocation, StateDirectory& directory,
                                       const WantedTags& wanted, const std::string& virtual_account) {
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  ASSIGN_OR_RETURN(const Authorization answer,
                   Ask(*node, invocation, directory.state(), wanted, virtual_account));
  AgentState& state = directory.state();
  AuthorizationOf(state).removal_code.clear();
  if (answer.smart_license().empty()) {
    RETURN_IF_ERROR(directory.Save());
    Print(invocation, state, StateWord(answer.state()));
    return ExitCode::kRefused;
  }
  RETURN_IF_ERROR(PinAuthority(directory, *node));
  ASSIGN_OR_RETURN(const auto pinned, directory.AuthorityCertificates());
  RETURN_IF_ERROR(InstallAuthorization(answer.smart_license(), pinned, state));
  RETURN_IF_ERROR(directory.Save());
  RETURN_IF_ERROR(Ask(*node, invocation, state, {}, "").status());
  AuthorizationOf(state).confirmed = true;
  RETURN_IF_ERROR(directory.Save());
  return Print(invocation, state, "installed");
}

absl::StatusOr<ExitCode> WriteRequest(Invocation& invocation, const AgentState& state,
                                      const WantedTags& wanted, const std::string& file) {
  const std::string text = AuthorizationRequestFile(state, wanted);
  if (file == "-") {
    invocation.streams().out << text;
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(file, text));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Request(Invocation& invocation, const StatePath& path,
                                 const RequestOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const WantedTags wanted, WantedOf(options.licenses));
  if (!options.file.empty()) return WriteRequest(invocation, directory->state(), wanted, options.file);
  return RequestOnline(invocation, *directory, wanted, options.virtual_account);
}

absl::StatusOr<ExitCode> Install(Invocation& invocation, const StatePath& path, const FileOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const std::string file, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto pinned, directory->AuthorityCertificates());
  RETURN_IF_ERROR(InstallAuthorization(file, pinned, directory->state()));
  RETURN_IF_ERROR(directory->Save());
  return Print(invocation, directory->state(), "installed");
}

absl::StatusOr<ExitCode> Confirm(Invocation& invocation, const StatePath& path, const FileOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  AgentState& state = directory->state();
  if (AuthorizationOf(state).tags.empty()) return NothingInstalled();
  if (!options.file.empty()) return WriteRequest(invocation, state, {}, options.file);
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RETURN_IF_ERROR(Ask(*node, invocation, state, {}, "").status());
  AuthorizationOf(state).confirmed = true;
  RETURN_IF_ERROR(directory->Save());
  return Print(invocation, state, "confirmed");
}

// Removed and saved before anybody hears of it: what the node frees is not in use here any more. What was
// removed before and perhaps never arrived is told again.
absl::StatusOr<ExitCode> Return(Invocation& invocation, const StatePath& path, const FileOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  AgentState& state = directory->state();
  if (AuthorizationOf(state).tags.empty() && AuthorizationOf(state).removal_code.empty())
    return NothingInstalled();
  if (!AuthorizationOf(state).tags.empty()) RETURN_IF_ERROR(RemoveAuthorization(state));
  RETURN_IF_ERROR(directory->Save());
  if (!options.file.empty()) return WriteRequest(invocation, state, {}, options.file);
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RETURN_IF_ERROR(Ask(*node, invocation, state, {}, "").status());
  return Print(invocation, state, "returned");
}

}  // namespace

void AddAuthorizationCommands(CLI::App& app, Invocation& invocation, const StatePath& path) {
  CLI::App& group = AddGroup(app, "authorization", "Codes for enforced licenses");
  constexpr char kFile[] = "Write a request file instead of asking the node; - is standard output";
  auto request = AddLeaf<RequestOptions>(
      group, "request", "Ask for a code, install and confirm it; 1 while it awaits approval", invocation,
      [path](Invocation& run, const RequestOptions& options) { return Request(run, path, options); });
  request.app.add_option("LICENSE", request.options->licenses, "TAG=COUNT, how many in all")->required();
  request.app.add_option("--virtual-account", request.options->virtual_account,
                         "Home, where nobody knows it yet");
  request.app.add_option("--file", request.options->file, kFile);
  auto install = AddLeaf<FileOptions>(
      group, "install", "Install the code of a file", invocation,
      [path](Invocation& run, const FileOptions& options) { return Install(run, path, options); });
  install.app.add_option("FILE", install.options->file, "As `qmctl authorization export` wrote it")
      ->required();
  auto confirm = AddLeaf<FileOptions>(
      group, "confirm", "Tell the node that the code is installed", invocation,
      [path](Invocation& run, const FileOptions& options) { return Confirm(run, path, options); });
  confirm.app.add_option("--file", confirm.options->file, kFile);
  auto back = AddLeaf<FileOptions>(
      group, "return", "Remove the code and give its licenses back", invocation,
      [path](Invocation& run, const FileOptions& options) { return Return(run, path, options); });
  back.app.add_option("--file", back.options->file, kFile);
}

}  // namespace quartermaster::agent
