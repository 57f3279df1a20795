#include "clients/agent/agent_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/agent/agent_errors.h"
#include "clients/agent/authorization_commands.h"
#include "clients/agent/command_state.h"
#include "clients/agent/duration_words.h"
#include "clients/agent/init_command.h"
#include "clients/agent/online_commands.h"
#include "clients/agent/report_writer.h"
#include "clients/agent/show_license.h"
#include "clients/agent/state_directory.h"
#include "clients/agent/trust_commands.h"
#include "clients/agent/usage_file.h"
#include "clients/command_line/registration.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using client::ExitCode;
using command_line::AddGroup;
using command_line::AddLeaf;
using command_line::Invocation;
using command_line::NoOptions;
using output::Json;
using output::Output;
using output::OutputFormat;

struct SetOptions {
  std::string tag;
  int64_t count = 0;
  bool enforced = false;
};
absl::StatusOr<ExitCode> Set(const StatePath& path, const SetOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  if (options.enforced) directory->state().enforced_tags.insert(options.tag);
  RETURN_IF_ERROR(SetTagCount(directory->state(), options.tag, options.count));
  RETURN_IF_ERROR(directory->Save());
  return ExitCode::kOk;
}

struct AdvanceOptions {
  std::string duration;
  std::string to;
};
absl::StatusOr<ExitCode> AdvanceClock(const StatePath& path, const AdvanceOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  if (options.duration.empty() == options.to.empty()) {
    return client::Usage("advance: want either a duration or --to TIME");
  }
  int64_t seconds = 0;
  if (options.to.empty()) {
    ASSIGN_OR_RETURN(seconds, ParseSeconds(options.duration));
  } else {
    ASSIGN_OR_RETURN(const int64_t until_s, ParseUnixSeconds(options.to));
    seconds = until_s - directory->state().clock_s;
  }
  ASSIGN_OR_RETURN(const auto closed, Advance(directory->state(), seconds));
  RETURN_IF_ERROR(KeepAndSave(*directory, closed));
  return ExitCode::kOk;
}

struct DurationOptions {
  std::string duration = "0s";
};
absl::StatusOr<ExitCode> TurnOff(const StatePath& path, const DurationOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const int64_t seconds, ParseSeconds(options.duration));
  ASSIGN_OR_RETURN(const auto closed, PowerOff(directory->state(), seconds));
  RETURN_IF_ERROR(KeepAndSave(*directory, closed));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ReloadDevice(const StatePath& path, const DurationOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const int64_t seconds, ParseSeconds(options.duration));
  ASSIGN_OR_RETURN(const auto closed, Reload(directory->state(), seconds));
  RETURN_IF_ERROR(KeepAndSave(*directory, closed));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> SwitchUnits(const StatePath& path, const NoOptions&) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const auto closed, Switchover(directory->state()));
  RETURN_IF_ERROR(KeepAndSave(*directory, closed));
  return ExitCode::kOk;
}

struct SaveOptions {
  int64_t days = 0;
  std::string file;
};
absl::StatusOr<ExitCode> SaveUsage(Invocation& invocation, const StatePath& path, UsageSelection::Kind kind,
                                   const SaveOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  AgentState& state = directory->state();
  RETURN_IF_ERROR(KeepAndSave(*directory, CloseReports(state, CloseReason::kRequested)));
  std::string file = UsageFileBegin(state);
  for (const ClosedReport& report : SelectReports(state, {kind, options.days})) {
    ASSIGN_OR_RETURN(const std::string text, directory->ReportText(report.report_id));
    absl::StrAppend(&file, WrapReport(text), "\n");
  }
  file += kUsageFileEnd;
  if (options.file == "-") {
    invocation.streams().out << file;
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(options.file, file));
  return ExitCode::kOk;
}

struct FileOptions {
  std::string file;
};
absl::StatusOr<ExitCode> InstallCertificate(const StatePath& path, const FileOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(options.file));
  RETURN_IF_ERROR(directory->InstallCertificates(pem));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> InstallAuthority(const StatePath& path, const FileOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const std::string pem, client::ReadFile(options.file));
  RETURN_IF_ERROR(directory->InstallAuthority(pem));
  return ExitCode::kOk;
}

absl::StatusOr<Credentials> CredentialsOf(const StateDirectory& directory) {
  Credentials credentials;
  ASSIGN_OR_RETURN(credentials.certificates, directory.Certificates());
  if (directory.trust().has_value()) credentials.trust_codes = directory.trust()->certificates;
  return credentials;
}

absl::StatusOr<ExitCode> Status(Invocation& invocation, const StatePath& path) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const Credentials credentials, CredentialsOf(*directory));
  Output& output = invocation.output();
  if (output.format() == OutputFormat::kTable) {
    invocation.streams().out << ShowLicense(directory->state(), credentials);
    return ExitCode::kOk;
  }
  const Json status = StatusJson(directory->state(), credentials);
  output.Begin();
  if (output.format() == OutputFormat::kCsv) {
    output.Record(StatusSpec(), status);
  } else {
    for (const auto& [key, value] : status.items()) output.Field(key, value);
  }
  output.End();
  return ExitCode::kOk;
}

void AddTimeCommands(CLI::App& app, Invocation& invocation, const StatePath& path) {
  auto set =
      AddLeaf<SetOptions>(app, "set", "From now on COUNT licenses of TAG are in use", invocation,
                          [path](Invocation&, const SetOptions& options) { return Set(path, options); });
  set.app.add_option("TAG", set.options->tag, "Entitlement tag")->required();
  set.app.add_option("COUNT", set.options->count, "0 to 2147483647")->required();
  set.app.add_flag("--enforced", set.options->enforced,
                   "From now on it runs only as far as a code allows it");

  auto advance = AddLeaf<AdvanceOptions>(
      app, "advance", "Let time pass; reports close at their interval", invocation,
      [path](Invocation&, const AdvanceOptions& options) { return AdvanceClock(path, options); });
  advance.app.add_option("DURATION", advance.options->duration, "For example 30d or 1d12h");
  advance.app.add_option("--to", advance.options->to, "now, a date or an RFC 3339 time");

  auto off = AddLeaf<DurationOptions>(
      app, "off", "Let time pass without measuring anything: a gap", invocation,
      [path](Invocation&, const DurationOptions& options) { return TurnOff(path, options); });
  off.app.add_option("DURATION", off.options->duration, "For example 2h")->required();

  auto reload = AddLeaf<DurationOptions>(
      app, "reload", "Restart; open reports close with ProductReload", invocation,
      [path](Invocation&, const DurationOptions& options) { return ReloadDevice(path, options); });
  reload.app.add_option("--downtime", reload.options->duration, "For example 5m");

  AddLeaf<NoOptions>(app, "switchover", "The standby unit of an HA pair becomes active", invocation,
                     [path](Invocation&, const NoOptions& options) { return SwitchUnits(path, options); });
}

void AddSaveCommand(CLI::App& usage, Invocation& invocation, const StatePath& path, const char* name,
                    const char* description, UsageSelection::Kind kind) {
  auto save = AddLeaf<SaveOptions>(usage, name, description, invocation,
                                   [path, kind](Invocation& run, const SaveOptions& options) {
                                     return SaveUsage(run, path, kind, options);
                                   });
  if (kind == UsageSelection::Kind::kDays) {
    save.app.add_option("N", save.options->days, "Days")->required()->check(CLI::PositiveNumber);
  }
  save.app.add_option("-o,--file", save.options->file, "Where the file goes; - is standard output")
      ->required();
}

void AddFileCommands(CLI::App& app, Invocation& invocation, const StatePath& path) {
  CLI::App& save = AddGroup(app, "save", "Write usage files");
  CLI::App& usage = AddGroup(save, "usage", "Close the open reports and write them to a file");
  using Kind = UsageSelection::Kind;
  AddSaveCommand(usage, invocation, path, "all", "Every report", Kind::kAll);
  AddSaveCommand(usage, invocation, path, "unreported", "Reports that no answer is known for",
                 Kind::kUnreported);
  AddSaveCommand(usage, invocation, path, "days", "Reports of the last N days", Kind::kDays);

  CLI::App& install = AddGroup(app, "install", "Install certificates");
  auto certificate = AddLeaf<FileOptions>(
      install, "certificate", "Of this product instance (PEM)", invocation,
      [path](Invocation&, const FileOptions& options) { return InstallCertificate(path, options); });
  certificate.app.add_option("FILE", certificate.options->file, "PEM")->required();
  auto authority = AddLeaf<FileOptions>(
      install, "authority", "CAs that acknowledgements must end in (PEM)", invocation,
      [path](Invocation&, const FileOptions& options) { return InstallAuthority(path, options); });
  authority.app.add_option("FILE", authority.options->file, "PEM")->required();
}

}  // namespace

command_line::Program AgentProgram() {
  return {
      "agent", "an emulated product instance", [](CLI::App& app, Invocation& invocation) {
        const auto path = std::make_shared<std::string>();
        app.add_option("--state", *path, "State directory (default: AGENT_STATE)")->envname("AGENT_STATE");
        AddInitCommand(app, invocation, path);
        AddTimeCommands(app, invocation, path);
        AddFileCommands(app, invocation, path);
        AddOnlineCommands(app, invocation, path);
        AddTrustCommands(app, invocation, path);
        AddAuthorizationCommands(app, invocation, path);
        AddLeaf<NoOptions>(app, "status", "As `show license all` would", invocation,
                           [path](Invocation& run, const NoOptions&) { return Status(run, path); });
      }};
}

}  // namespace quartermaster::agent
