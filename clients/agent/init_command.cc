// init
#include "clients/agent/init_command.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/duration_words.h"
#include "clients/agent/manufacturer_ca.h"
#include "clients/agent/state_directory.h"
#include "clients/command_line/registration.h"
#include "clients/connection/client_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using client::ExitCode;
using command_line::Invocation;

constexpr char kDefaultAsset[] =
    "regid.2026-01.example.quartermaster.C9K,1.0_5a1c3f0e-8d27-4b6e-9c41-2f7d0b9e6a10";

struct InitOptions {
  std::string udi;
  std::string ha_peer;
  std::string hostname;
  std::string software_version = "17.12.04";
  std::string asset_name = kDefaultAsset;
  std::string form = "v2";
  std::string signing = "rsa";
  std::string clock = "now";
  std::string report_interval = "30d";
  std::string manufacturer_ca;
};

absl::StatusOr<Udi> ReadUdi(const std::string& text) {
  ASSIGN_OR_RETURN(const auto udi, command_line::ParseUdi(text));
  return Udi{udi.product_id(), udi.serial_number()};
}

// Data-centre switches name themselves by a UUID; made from the UDI, it is the same each time.
std::string IdentifierOf(const Udi& udi) {
  const crypto::Sha256Digest digest = crypto::Sha256(udi.product_id + "/" + udi.serial_number);
  std::string hex = crypto::HexEncode({reinterpret_cast<const char*>(digest.data()), 16});
  for (const size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

absl::StatusOr<AgentState> InitialState(const InitOptions& options) {
  static const std::map<std::string, ReportForm> kForms = {
      {"v2", ReportForm::kV2}, {"v1", ReportForm::kV1}, {"switch", ReportForm::kSwitch}};
  AgentState state;
  ASSIGN_OR_RETURN(state.udi, ReadUdi(options.udi));
  if (!options.ha_peer.empty()) {
    ASSIGN_OR_RETURN(state.ha_peer, ReadUdi(options.ha_peer));
  }
  state.hostname =
      options.hostname.empty() ? absl::AsciiStrToLower(state.udi.serial_number) : options.hostname;
  state.software_version = options.software_version;
  state.asset_name = options.asset_name;
  state.product_instance_identifier = IdentifierOf(state.udi);
  state.form = kForms.at(options.form);
  state.signing = *ParseSigningKind(options.signing);
  ASSIGN_OR_RETURN(state.clock_s, ParseUnixSeconds(options.clock));
  ASSIGN_OR_RETURN(state.report_interval_s, ParseSeconds(options.report_interval));
  if (state.report_interval_s == 0) {
    return ArgumentInvalid("report-interval: got 0 s, want 1 s or more");
  }
  return state;
}

absl::Status IssueCertificates(StateDirectory& directory, const std::string& ca_directory) {
  ASSIGN_OR_RETURN(const auto ca, ManufacturerCa::OpenOrCreate(ca_directory, absl::Now()));
  const AgentState& state = directory.state();
  std::vector<Udi> units = {state.udi};
  if (state.ha_peer.has_value()) units.push_back(*state.ha_peer);
  std::string pem;
  for (const Udi& udi : units) {
    ASSIGN_OR_RETURN(const auto certificate, ca.Issue(directory.key()->Public(), udi, absl::Now()));
    pem += certificate.ToPem();
  }
  return directory.InstallCertificates(pem);
}

absl::StatusOr<ExitCode> Init(const std::string& path, const InitOptions& options) {
  if (path.empty()) return client::Usage("state: got nothing, want --state DIR or AGENT_STATE");
  ASSIGN_OR_RETURN(AgentState state, InitialState(options));
  ASSIGN_OR_RETURN(const auto directory, StateDirectory::Create(path, std::move(state)));
  if (!options.manufacturer_ca.empty() && directory->key().has_value()) {
    RETURN_IF_ERROR(IssueCertificates(*directory, options.manufacturer_ca));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddInitCommand(CLI::App& app, Invocation& invocation, std::shared_ptr<std::string> state_path) {
  auto leaf = command_line::AddLeaf<InitOptions>(
      app, "init", "Make a product instance with its state directory and key", invocation,
      [state_path](Invocation&, const InitOptions& options) { return Init(*state_path, options); });
  InitOptions& options = *leaf.options;
  leaf.app.add_option("PID:SN", options.udi, "For example C9300-24UX:FCW2134L0AB")->required();
  leaf.app.add_option("--ha-peer", options.ha_peer, "PID:SN of the standby unit");
  leaf.app.add_option("--hostname", options.hostname, "Default: the serial number");
  leaf.app.add_option("--software-version", options.software_version)->capture_default_str();
  leaf.app.add_option("--asset-name", options.asset_name, "Tag of the software");
  leaf.app.add_option("--form", options.form, "Of its reports: v2, v1 or switch")
      ->capture_default_str()
      ->check(CLI::IsMember({"v2", "v1", "switch"}));
  leaf.app.add_option("--signing", options.signing, "rsa, ecdsa, builtin or none")
      ->capture_default_str()
      ->check(CLI::IsMember({"rsa", "ecdsa", "builtin", "none"}));
  leaf.app.add_option("--clock", options.clock, "now, a date or an RFC 3339 time")->capture_default_str();
  leaf.app.add_option("--report-interval", options.report_interval)->capture_default_str();
  leaf.app.add_option("--manufacturer-ca", options.manufacturer_ca,
                      "Directory of a CA (made when absent) that certifies the key");
}

}  // namespace quartermaster::agent
