#include "clients/command_line/run_program.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <utility>

#include "absl/synchronization/mutex.h"

#include "clients/command_line/completion.h"
#include "clients/command_line/registration.h"
#include "clients/command_line/usage_error.h"
#include "services/common/lifecycle/version.h"

namespace quartermaster::command_line {
namespace {

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  static const std::map<std::string, OutputFormat> kFormats = {
      {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"csv", OutputFormat::kCsv}};
  app.add_option("-o,--output", options.format, "table, json or csv (default: table)")
      ->transform(CLI::CheckedTransformer(kFormats).description(""))
      ->type_name("FORMAT");
  app.add_option("--credentials", options.credentials,
                 "Credential file of the node (default: QMCTL_CREDENTIALS)");
  app.add_option("--profile", options.profile, "Name of a credential file in ~/.config/quartermaster");
  app.add_option("--endpoint", options.endpoint, "host:port instead of the credential file's");
  app.add_option("--smart-account", options.smart_account,
                 "Domain or name (default: the caller's, else the node's)");
  app.add_option("--timeout", options.timeout_s, "Seconds, for a call with its retries")
      ->capture_default_str();
}

struct Build {
  std::string version;
};

void AddVersionCommand(CLI::App& app, Invocation& invocation) {
  AddLeaf<NoOptions>(app, "version", "Version of this program", invocation,
                     [](Invocation& run, const NoOptions&) -> absl::StatusOr<ExitCode> {
                       const RowSpec<Build> spec = {{"version", run.program(), CellKind::kText,
                                                     [](const Build& build) { return Json(build.version); }}};
                       run.output().Begin();
                       run.output().Record(spec, Build{std::string(Version())});
                       run.output().End();
                       return ExitCode::kOk;
                     });
}

int TerminalWidth() {
  if (isatty(STDOUT_FILENO) == 0) return 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

ExitCode RunProgram(const Program& program, std::vector<std::string> arguments, const Streams& streams) {
  Invocation invocation(program.name, streams);
  CLI::App app(program.name + ": " + program.description, program.name);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 ok, 1 something was refused or found, 2 usage, 3 node unreachable.");
  AddGlobalOptions(app, invocation.options);
  program.add_commands(app, invocation);
  AddVersionCommand(app, invocation);
  AddCompletionCommand(app, invocation);
  if (const absl::Status status = CheckArguments(arguments); !status.ok()) {
    client::Complain(streams.err, program.name, status);
    return ExitCode::kUsage;
  }
  try {
    // CLI11 takes them from the back.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::Success& help) {
    app.exit(help, streams.out, streams.err);
    return ExitCode::kOk;
  } catch (const CLI::ParseError& error) {
    client::Complain(streams.err, program.name, UsageError(app, error));
    return ExitCode::kUsage;
  }
  const auto code = invocation.command();
  streams.out.flush();
  if (code.ok()) return *code;
  client::Complain(streams.err, program.name, code.status());
  return client::ExitCodeFor(code.status());
}

int Main(const Program& program, int argc, char** argv) {
  // Debian's Abseil looks for deadlocks at every lock, which would cost each call 5 us.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // `qmctl … | head` ends quietly through the failed write.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  const Streams streams{std::cout, std::cerr, TerminalWidth(), isatty(STDERR_FILENO) != 0};
  return static_cast<int>(RunProgram(program, {argv + 1, argv + argc}, streams));
}

}  // namespace quartermaster::command_line
