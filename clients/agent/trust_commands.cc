#include "clients/agent/trust_commands.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/agent/duration_words.h"
#include "clients/agent/trust.h"
#include "clients/command_line/registration.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/errors/error.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using client::ExitCode;
using command_line::AddGroup;
using command_line::AddLeaf;
using command_line::Invocation;
using output::CellKind;
using output::Json;
using output::Output;
using output::RowSpec;

constexpr char kIdTokenVariable[] = "AGENT_ID_TOKEN";

struct KeyOptions {
  std::string key = "ecdsa";
  std::string device_time;
};
struct EstablishOptions : KeyOptions {
  std::string id_token_file;
  bool export_controlled = false;
};
struct FactoryOptions : KeyOptions {
  std::string chain;
};

absl::StatusOr<TrustOptions> OptionsOf(const Invocation& invocation, const KeyOptions& options) {
  TrustOptions trust;
  trust.smart_account = invocation.options.smart_account;
  trust.algorithm =
      options.key == "rsa" ? crypto::Algorithm::kRsa2048Sha256 : crypto::Algorithm::kEcdsaP256Sha256;
  if (!options.device_time.empty()) {
    ASSIGN_OR_RETURN(trust.device_time_s, ParseUnixSeconds(options.device_time));
  }
  return trust;
}

// From the file, else from the environment; never from an argument, which every user of the machine can see.
absl::StatusOr<log::Secret> ReadIdToken(const std::string& file) {
  if (!file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, client::ReadFile(file));
    return log::Secret(std::string(absl::StripAsciiWhitespace(text)));
  }
  const char* variable = getenv(kIdTokenVariable);
  if (variable == nullptr || *variable == '\0') {
    return client::Usage(absl::StrCat("id token: got none, want --id-token-file FILE or ", kIdTokenVariable));
  }
  return log::Secret(variable);
}

// One certificate as it was installed.
const RowSpec<crypto::Certificate>& TrustSpec() {
  using K = CellKind;
  using R = crypto::Certificate;
  static const auto* spec = new RowSpec<R>{
      {"subject", "Trust code", K::kText, [](const R& r) { return Json(r.subject()); }},
      {"key_id", "Key", K::kText, [](const R& r) { return Json(r.key_id()); }},
      {"not_after_s", "", K::kNumber, [](const R& r) { return Json(absl::ToUnixSeconds(r.not_after())); }},
      {"renew_after_s", "", K::kNumber, [](const R& r) { return Json(RenewAfterS(r)); }},
  };
  return *spec;
}

ExitCode PrintTrust(Invocation& invocation, const StateDirectory& directory) {
  Output& output = invocation.output();
  output.Begin();
  output.BeginRows({"trust_codes", ""}, TrustSpec());
  for (const crypto::Certificate& certificate : directory.trust()->certificates) {
    output.AddRow(TrustSpec(), certificate);
  }
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Establish(Invocation& invocation, const StatePath& path,
                                   const EstablishOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(log::Secret id_token, ReadIdToken(options.id_token_file));
  ASSIGN_OR_RETURN(const TrustOptions trust, OptionsOf(invocation, options));
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RETURN_IF_ERROR(EstablishTrust(*directory, *node, {std::move(id_token), options.export_controlled}, trust));
  return PrintTrust(invocation, *directory);
}

absl::StatusOr<ExitCode> Factory(Invocation& invocation, const StatePath& path,
                                 const FactoryOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  std::string intermediates;
  if (!options.chain.empty()) {
    ASSIGN_OR_RETURN(intermediates, client::ReadFile(options.chain));
  }
  ASSIGN_OR_RETURN(const TrustOptions trust, OptionsOf(invocation, options));
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RETURN_IF_ERROR(EstablishFactoryTrust(*directory, *node, intermediates, trust));
  return PrintTrust(invocation, *directory);
}

absl::StatusOr<ExitCode> Renew(Invocation& invocation, const StatePath& path, const KeyOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const TrustOptions trust, OptionsOf(invocation, options));
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RETURN_IF_ERROR(RenewTrust(*directory, *node, trust));
  return PrintTrust(invocation, *directory);
}

void AddKeyOptions(CLI::App& app, KeyOptions& options) {
  app.add_option("--key", options.key, "Of the new key: ecdsa (P-256) or rsa (2048)")
      ->capture_default_str()
      ->check(CLI::IsMember({"ecdsa", "rsa"}));
  app.add_option("--device-time", options.device_time,
                 "What the clock says: now, a date or an RFC 3339 time");
}

}  // namespace

void RenewIfDue(Invocation& invocation, StateDirectory& directory) {
  if (!RenewalIsDue(directory)) return;
  const auto renew = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto node, invocation.Node());
    TrustOptions options;
    options.smart_account = invocation.options.smart_account;
    options.algorithm = directory.trust()->key.algorithm();
    return RenewTrust(directory, *node, options);
  };
  const absl::Status renewed = renew();
  if (renewed.ok()) return;
  invocation.streams().err << "agent: the trust code is due and was not renewed: " << errors::ErrorId(renewed)
                           << ": " << renewed.message() << '\n';
}

void AddTrustCommands(CLI::App& app, Invocation& invocation, const StatePath& path) {
  CLI::App& trust = AddGroup(app, "trust", "Get a trust code, by which reports are signed from then on");
  auto establish = AddLeaf<EstablishOptions>(
      trust, "establish", "For an ID token", invocation,
      [path](Invocation& run, const EstablishOptions& options) { return Establish(run, path, options); });
  establish.app.add_option("--id-token-file", establish.options->id_token_file,
                           "Where the ID token stands; - is standard input (default: AGENT_ID_TOKEN)");
  establish.app.add_flag("--export-controlled", establish.options->export_controlled,
                         "Ask for export-controlled functionality");
  AddKeyOptions(establish.app, *establish.options);
  auto factory = AddLeaf<FactoryOptions>(
      trust, "factory", "For the factory certificate of `init --manufacturer-ca` or `install certificate`",
      invocation,
      [path](Invocation& run, const FactoryOptions& options) { return Factory(run, path, options); });
  factory.app.add_option("--chain", factory.options->chain, "Intermediate certificates (PEM)");
  AddKeyOptions(factory.app, *factory.options);
  auto renew = AddLeaf<KeyOptions>(
      trust, "renew", "Now; `submit` does it by itself when half of the validity is over", invocation,
      [path](Invocation& run, const KeyOptions& options) { return Renew(run, path, options); });
  AddKeyOptions(renew.app, *renew.options);
}

}  // namespace quartermaster::agent
