// generate, requests
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/agent/duration_words.h"
#include "clients/command_line/registration.h"
#include "clients/fleet/fleet_commands.h"
#include "clients/fleet/generate.h"
#include "clients/fleet/report_file.h"
#include "clients/fleet/stream_file.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using client::ExitCode;
using command_line::AddLeaf;
using command_line::Invocation;
using output::CellKind;
using output::Json;
using output::RowSpec;

struct GenerateOptions {
  FleetParameters parameters;
  std::string form = "v2";
  std::string signing = "rsa";
  std::string end = "2026-01-01";
  std::string directory;
};

struct GenerateAnswer {
  std::string directory;
  GeneratedFleet fleet;
  int64_t instances = 0;
  double seconds = 0;
};

const RowSpec<GenerateAnswer>& AnswerSpec() {
  using R = GenerateAnswer;
  static const auto* spec = new RowSpec<R>{
      {"directory", "Directory", CellKind::kText, [](const R& r) { return Json(r.directory); }},
      {"instances", "Product instances", CellKind::kCount, [](const R& r) { return Json(r.instances); }},
      {"reports", "Reports", CellKind::kCount, [](const R& r) { return Json(r.fleet.reports); }},
      {"usage_bytes", "Usage file", CellKind::kBytes, [](const R& r) { return Json(r.fleet.usage_bytes); }},
      {"was_there", "Was there", CellKind::kFlag, [](const R& r) { return Json(r.fleet.was_there); }},
      {"seconds", "", CellKind::kNumber, [](const R& r) { return Json(r.seconds); }},
  };
  return *spec;
}

// Says how far it is, on a terminal only.
class Progress {
 public:
  Progress(const command_line::Streams& streams, int64_t total) : streams_(streams), total_(total) {}
  ~Progress() {
    if (shown_) streams_.err << "\r\x1b[K" << std::flush;
  }
  void Show(int64_t done) {
    if (!streams_.err_is_terminal) return;
    shown_ = true;
    streams_.err << "\r\x1b[K" << output::TableText(CellKind::kCount, done) << " of "
                 << output::TableText(CellKind::kCount, total_) << " reports" << std::flush;
  }

 private:
  const command_line::Streams& streams_;
  const int64_t total_;
  bool shown_ = false;
};

absl::StatusOr<ExitCode> Generate(Invocation& invocation, const GenerateOptions& options) {
  static const std::map<std::string, agent::ReportForm> kForms = {
      {"v2", agent::ReportForm::kV2}, {"v1", agent::ReportForm::kV1}, {"switch", agent::ReportForm::kSwitch}};
  FleetParameters parameters = options.parameters;
  parameters.form = kForms.at(options.form);
  parameters.signing = agent::ParseSigningKind(options.signing).value();
  ASSIGN_OR_RETURN(parameters.end_s, agent::ParseUnixSeconds(options.end));
  GenerateAnswer answer{options.directory, {}, parameters.instances, 0};
  const absl::Time started = absl::Now();
  {
    Progress progress(invocation.streams(), FleetPlan(parameters).report_count());
    ASSIGN_OR_RETURN(answer.fleet, GenerateFleet(parameters, options.directory,
                                                 [&](int64_t done) { progress.Show(done); }));
  }
  answer.seconds = absl::ToDoubleSeconds(absl::Now() - started);
  invocation.output().Begin();
  invocation.output().Record(AnswerSpec(), answer);
  invocation.output().End();
  return ExitCode::kOk;
}

struct RequestsOptions {
  std::string usage_file;
  std::string out;
  int64_t limit = 0;
  std::string virtual_account;
};

struct RequestsAnswer {
  std::string file;
  int64_t count = 0;
};

const RowSpec<RequestsAnswer>& RequestsSpec() {
  using R = RequestsAnswer;
  static const auto* spec = new RowSpec<R>{
      {"file", "", CellKind::kText, [](const R& r) { return Json(r.file); }},
      {"requests", "", CellKind::kCount, [](const R& r) { return Json(r.count); }},
  };
  return *spec;
}

// Each message with its length before it (4 bytes, little-endian), as tests/bench reads them.
absl::StatusOr<ExitCode> Requests(Invocation& invocation, const RequestsOptions& options) {
  ASSIGN_OR_RETURN(const auto reports, ReportFile::Open(options.usage_file));
  ASSIGN_OR_RETURN(const auto file, StreamFile::Create(options.out));
  const size_t count =
      options.limit > 0 ? std::min(reports->size(), static_cast<size_t>(options.limit)) : reports->size();
  ingest::v1::SubmitReportsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view report = reports->report(i);
    request.set_document(report.data(), report.size());
    const std::string bytes = request.SerializeAsString();
    std::string framed;
    for (int shift = 0; shift < 32; shift += 8) {
      framed += static_cast<char>(bytes.size() >> shift & 0xFF);
    }
    RETURN_IF_ERROR(file->Append(framed + bytes));
  }
  RETURN_IF_ERROR(file->Close());
  output::Output& output = invocation.output();
  output.Begin();
  output.Figures(RequestsSpec(), {options.out, static_cast<int64_t>(count)});
  output.Note(absl::StrCat(count, " requests in ", options.out));
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddGenerateCommands(CLI::App& app, Invocation& invocation) {
  auto generate = AddLeaf<GenerateOptions>(app, "generate",
                                           "Write a fleet's certificates and usage to files, from one seed",
                                           invocation, Generate);
  GenerateOptions& options = *generate.options;
  FleetParameters& parameters = options.parameters;
  CLI::App& leaf = generate.app;
  leaf.add_option("--seed", parameters.seed)->capture_default_str();
  leaf.add_option("--instances", parameters.instances)->capture_default_str();
  leaf.add_option("--tags", parameters.tags, "Of each instance")->capture_default_str();
  leaf.add_option("--reports-per-tag", parameters.reports_per_tag)->capture_default_str();
  leaf.add_option("--measurements", parameters.measurements_per_report, "Of each report")
      ->capture_default_str();
  leaf.add_option("--form", options.form, "v2, v1 or switch")
      ->capture_default_str()
      ->check(CLI::IsMember({"v2", "v1", "switch"}));
  leaf.add_option("--signing", options.signing, "rsa, ecdsa, builtin or none")
      ->capture_default_str()
      ->check(CLI::IsMember({"rsa", "ecdsa", "builtin", "none"}));
  leaf.add_option("--keys", parameters.keys, "Real keys that the instances share")->capture_default_str();
  leaf.add_option("--end", options.end, "Where the last reports end")->capture_default_str();
  leaf.add_option("--days-per-report", parameters.days_per_report)->capture_default_str();
  leaf.add_flag("--time-order", parameters.in_time_order,
                "Everybody's first report, then everybody's second");
  leaf.add_option("--out", options.directory, "Directory")->required();

  auto requests = AddLeaf<RequestsOptions>(app, "requests",
                                           "Turn a usage file into SubmitReports messages for load programs",
                                           invocation, Requests);
  requests.app.add_option("--usage", requests.options->usage_file, "Usage file")->required();
  requests.app.add_option("--out", requests.options->out, "File of messages")->required();
  requests.app.add_option("--limit", requests.options->limit, "At most this many reports");
  requests.app.add_option("--virtual-account", requests.options->virtual_account);
}

}  // namespace quartermaster::fleet
