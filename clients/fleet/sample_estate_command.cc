// sample-estate
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "clients/command_line/registration.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/fleet/estate_definition.h"
#include "clients/fleet/fleet_commands.h"
#include "clients/fleet/sample_estate.h"
#include "clients/fleet/wait_applied.h"
#include "clients/qmctl/commands/commands.h"
#include "deploy/dev/sample_estate/sample_estate_definition.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using client::ExitCode;
using command_line::AddLeaf;
using command_line::Invocation;

constexpr absl::Duration kBooksPatience = absl::Seconds(60);

struct SampleOptions {
  std::string directory;
  std::string definition_file;
};

// Runs qmctl in this process, against the same node. What it prints is shown only when it fails.
class Qmctl {
 public:
  explicit Qmctl(const Invocation& invocation) : invocation_(invocation) {}

  ExitCode Run(std::vector<std::string> arguments) const {
    const auto& options = invocation_.options;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) arguments.insert(arguments.begin(), {name, value});
    };
    add("--credentials", options.credentials);
    add("--profile", options.profile);
    add("--endpoint", options.endpoint);
    add("--smart-account", options.smart_account);
    add("--timeout", std::to_string(options.timeout_s));
    std::ostream& err = invocation_.streams().err;
    std::ostringstream out;
    const ExitCode code = command_line::RunProgram(qmctl::QmctlProgram(), arguments, {out, err, 0, false});
    if (code != ExitCode::kOk) err << out.str();
    return code;
  }

 private:
  const Invocation& invocation_;
};

absl::StatusOr<std::string> Definition(const SampleOptions& options) {
  if (options.definition_file.empty()) return std::string(SampleEstateDefinition());
  return client::ReadFile(options.definition_file);
}

absl::StatusOr<ExitCode> Load(Invocation& invocation, const SampleOptions& options) {
  ASSIGN_OR_RETURN(const std::string definition, Definition(options));
  ASSIGN_OR_RETURN(const EstateDefinition estate, ParseEstateDefinition(definition));
  std::error_code error;
  // Files that are there were perhaps imported: others would be other reports of the same months.
  if (!std::filesystem::exists(options.directory + "/usage.xml", error)) {
    std::filesystem::create_directories(options.directory, error);
    if (error) return client::FileUnwritable(options.directory, error.message());
    RETURN_IF_ERROR(WriteSampleEstate(definition, options.directory, absl::Now()).status());
  }
  const auto file = [&](const char* name) { return options.directory + "/" + name; };
  std::vector<std::vector<std::string>> steps;
  for (const SampleVirtualAccount& account : estate.virtual_accounts) {
    steps.push_back({"virtual-account", "create", account.name, "--description", account.description});
  }
  steps.push_back({"catalog", "import", file("catalog.csv")});
  steps.push_back({"entitlement", "import", file("entitlements.csv")});
  steps.push_back({"product-instance", "import", file("product-instances.csv")});
  steps.push_back({"trust", "ca", "import", file("manufacturer-ca.pem")});
  steps.push_back({"trust", "certificate", "import", file("certificates.pem")});
  steps.push_back({"usage", "import", file("usage.xml")});
  const Qmctl qmctl(invocation);
  for (const std::vector<std::string>& step : steps) {
    const ExitCode code = qmctl.Run(step);
    if (code != ExitCode::kOk) {
      invocation.streams().err << "fleet: sample-estate: `qmctl " << step[0] << " " << step[1]
                               << "` failed\n";
      return code;
    }
  }
  RETURN_IF_ERROR(WaitUntilApplied(invocation, kBooksPatience));
  // Before that, product instances look as if their first report were overdue.
  RETURN_IF_ERROR(WaitUntilAcknowledged(invocation, kBooksPatience));
  return ExitCode::kOk;
}

}  // namespace

void AddSampleEstateCommand(CLI::App& app, Invocation& invocation) {
  auto leaf = AddLeaf<SampleOptions>(
      app, "sample-estate",
      "Make an estate with something to see and load it into the node; safe to run again", invocation, Load);
  leaf.app.add_option("--out", leaf.options->directory, "Directory for the files that it imports")
      ->required();
  leaf.app.add_option("--definition", leaf.options->definition_file,
                      "JSON (default: deploy/dev/sample_estate/estate.json)");
}

}  // namespace quartermaster::fleet
