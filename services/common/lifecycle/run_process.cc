#include "services/common/lifecycle/run_process.h"

#include <sys/stat.h>

#include <filesystem>
#include <iostream>
#include <set>
#include <utility>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"
#include "absl/synchronization/mutex.h"
#include "services/common/lifecycle/check_files.h"
#include "services/common/lifecycle/command_line.h"
#include "services/common/lifecycle/hosted_process.h"
#include "services/common/lifecycle/stop_signal.h"
#include "services/common/lifecycle/systemd_notice.h"
#include "services/common/lifecycle/version.h"
#include "services/common/log/log.h"
#include "services/common/rpc/grpc_logs.h"

namespace quartermaster {
namespace {

using Command = CommandLine::Command;

// Beyond limits.shutdown_grace: for PostgreSQL's own shutdown, and for what ignores its deadline.
constexpr absl::Duration kBeyondGrace = absl::Seconds(30);

absl::StatusOr<config::NodeConfig> LoadConfiguration(const CommandLine& line) {
  absl::StatusOr<config::NodeConfig> config = config::DefaultNodeConfig();
  if (!line.config_file.empty()) config = config::LoadNodeConfig(line.config_file);
  if (config.ok() && !line.data_directory.empty()) {
    config->data_directory = std::filesystem::absolute(line.data_directory).lexically_normal().string();
  }
  return config;
}

int ShowCheckedFiles(const config::NodeConfig& config, const std::vector<HostedService>& services) {
  std::set<std::string, std::less<>> names;
  for (const HostedService& service : services) names.insert(service.name);
  const std::vector<std::string> mistakes = CheckFiles(config, names);
  for (const std::string& mistake : mistakes) std::cerr << mistake << "\n";
  if (!mistakes.empty()) return kExitConfiguration;
  std::cout << "configuration is right\n";
  return kExitOk;
}

int RunMigrate(const config::NodeConfig& config) {
  auto database = DatabaseAccess::Open(config, /*services=*/{});
  const absl::Status status = database.ok() ? (*database)->Migrate() : database.status();
  if (database.ok()) (void)(*database)->Stop();
  if (status.ok()) return kExitOk;
  log::Error("migration failed", {{"error", status}});
  return kExitUnavailable;
}

int Serve(const config::NodeConfig& config, std::string_view process, std::vector<HostedService> services,
          StopSignal& stop) {
  const absl::Time begun = absl::Now();
  log::Info("starting",
            {{"version", Version()}, {"node", config.node_name}, {"data_directory", config.data_directory}});
  HostedProcess hosted(config, process, std::move(services));
  const HostedProcess::Outcome outcome = hosted.Start([&stop] { return stop.requested(); });
  if (outcome.status.ok()) {
    log::Info("started", {{"seconds", absl::Now() - begun}});
    NotifySystemd("READY=1");
    stop.Wait();
  } else if (!stop.requested()) {
    log::Error("cannot start", {{"error", outcome.status}});
  }
  NotifySystemd("STOPPING=1");
  hosted.Stop(config.limits.shutdown_grace);
  log::Info("stopped");
  return stop.requested() ? kExitOk : outcome.exit_code;
}

}  // namespace

int RunProcess(int argc, char** argv, std::string_view process, std::vector<HostedService> services) {
  absl::InitializeSymbolizer(argv[0]);
  absl::InstallFailureSignalHandler({});
  // Debian's Abseil is built with its deadlock detector on, and gRPC's locks are Abseil's: off, a
  // call costs 5 us of processor time less.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Files that a node makes are its own, unless their maker says otherwise.
  umask(0077);
  const auto line = ParseCommandLine({argv + 1, argv + argc});
  if (!line.ok()) {
    std::cerr << line.status().message() << "\n" << UsageText(process);
    return kExitUsage;
  }
  if (line->command == Command::kVersion || line->command == Command::kHelp) {
    std::cout << (line->command == Command::kHelp ? UsageText(process) : std::string(Version()) + "\n");
    return kExitOk;
  }
  const auto config = LoadConfiguration(*line);
  if (!config.ok()) {
    std::cerr << config.status().message() << "\n";
    return kExitConfiguration;
  }
  if (line->command == Command::kCheckConfig) {
    return ShowCheckedFiles(*config, services);
  }
  log::Configure({.level = config->log.level, .format = config->log.format, .service = std::string(process)});
  StopSignal stop(config->limits.shutdown_grace + kBeyondGrace);
  rpc::RouteGrpcLogs();
  if (line->command == Command::kMigrate) return RunMigrate(*config);
  return Serve(*config, process, std::move(services), stop);
}

}  // namespace quartermaster
