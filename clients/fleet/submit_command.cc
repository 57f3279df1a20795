// submit
#include <memory>
#include <string>

#include "clients/command_line/registration.h"
#include "clients/fleet/fleet_commands.h"
#include "clients/fleet/report_file.h"
#include "clients/fleet/submit_load.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using client::ExitCode;
using command_line::AddLeaf;
using command_line::Invocation;
using output::CellKind;
using output::Json;
using output::RowSpec;

struct SubmitOptions {
  std::string usage_file;
  std::string virtual_account;
  std::string journal;
  int concurrency = 64;
  double rate = 0;
  double duration_s = 0;
  int reports_per_call = 1;
  double patience_s = 60;
  int64_t skip = 0;
  int64_t limit = 0;
};

double Rounded(double value) { return static_cast<double>(static_cast<int64_t>(value * 1000 + 0.5)) / 1000; }

Json GivenUpJson(const LoadResult& result) {
  Json json = Json::object();
  for (const auto& [reason, count] : result.given_up) json[reason] = count;
  return json;
}

int64_t Answered(const LoadResult& result) {
  return result.accepted + result.duplicate + result.conflict + result.rejected;
}

const RowSpec<LoadResult>& ResultSpec() {
  using K = CellKind;
  using R = LoadResult;
  static const auto* spec = new RowSpec<R>{
      {"calls", "Calls", K::kCount, [](const R& r) { return Json(r.calls); }},
      {"retries", "Retries", K::kCount, [](const R& r) { return Json(r.retries); }},
      {"given_up", "", K::kNested, GivenUpJson},
      {"", "Given up", K::kText,
       [](const R& r) { return Json(r.given_up.empty() ? "" : GivenUpJson(r).dump()); }},
      {"answered", "Reports answered", K::kCount, [](const R& r) { return Json(Answered(r)); }},
      {"accepted", "Accepted", K::kCount, [](const R& r) { return Json(r.accepted); }},
      {"duplicate", "Duplicate", K::kCount, [](const R& r) { return Json(r.duplicate); }},
      {"conflict", "Conflict", K::kCount, [](const R& r) { return Json(r.conflict); }},
      {"rejected", "Rejected", K::kCount, [](const R& r) { return Json(r.rejected); }},
      {"seconds", "Seconds", K::kNumber,
       [](const R& r) { return Json(Rounded(absl::ToDoubleSeconds(r.elapsed))); }},
      {"rate", "Reports/s", K::kNumber,
       [](const R& r) {
         return Json(
             Rounded(static_cast<double>(Answered(r)) / std::max(1e-9, absl::ToDoubleSeconds(r.elapsed))));
       }},
      {"p50_ms", "p50 ms", K::kNumber, [](const R& r) { return Json(Rounded(r.latency.PercentileMs(0.5))); }},
      {"p99_ms", "p99 ms", K::kNumber,
       [](const R& r) { return Json(Rounded(r.latency.PercentileMs(0.99))); }},
      {"max_ms", "max ms", K::kNumber, [](const R& r) { return Json(Rounded(r.latency.longest_ms())); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Submit(Invocation& invocation, const SubmitOptions& options) {
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  ASSIGN_OR_RETURN(const auto reports, ReportFile::Open(options.usage_file));
  ASSIGN_OR_RETURN(const auto journal, Journal::Open(options.journal));
  LoadOptions load;
  load.smart_account = invocation.options.smart_account;
  load.virtual_account = options.virtual_account;
  load.concurrency = options.concurrency;
  load.rate = options.rate;
  load.duration = absl::Seconds(options.duration_s);
  load.reports_per_call = options.reports_per_call;
  load.patience = absl::Seconds(options.patience_s);
  size_t next = static_cast<size_t>(options.skip);
  size_t end = reports->size();
  if (options.limit > 0) end = std::min(end, next + static_cast<size_t>(options.limit));
  ASSIGN_OR_RETURN(
      const LoadResult result,
      RunSubmitLoad(
          *node, load,
          [&]() -> std::string_view { return next < end ? reports->report(next++) : std::string_view(); },
          *journal));
  invocation.output().Begin();
  invocation.output().Record(ResultSpec(), result);
  invocation.output().End();
  const bool clean = result.conflict + result.rejected == 0 && result.given_up.empty();
  return clean ? ExitCode::kOk : ExitCode::kRefused;
}

}  // namespace

void AddSubmitCommand(CLI::App& app, Invocation& invocation) {
  auto submit = AddLeaf<SubmitOptions>(
      app, "submit", "Push the reports of a usage file one by one, many at a time", invocation, Submit);
  SubmitOptions& options = *submit.options;
  CLI::App& leaf = submit.app;
  leaf.add_option("--usage", options.usage_file, "As `fleet generate` wrote it")->required();
  leaf.add_option("--concurrency", options.concurrency, "Calls in flight")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  leaf.add_option("--rate", options.rate, "Calls per second on a schedule; 0 = as fast as answered")
      ->check(CLI::NonNegativeNumber);
  leaf.add_option("--duration", options.duration_s, "Seconds; 0 = until every report is sent")
      ->check(CLI::NonNegativeNumber);
  leaf.add_option("--reports-per-call", options.reports_per_call)
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  leaf.add_option("--patience", options.patience_s, "Seconds that a call is tried again")
      ->capture_default_str();
  leaf.add_option("--journal", options.journal, "Append every answer to this file, a line each");
  leaf.add_option("--skip", options.skip, "Begin after so many reports");
  leaf.add_option("--limit", options.limit, "At most so many reports");
  leaf.add_option("--virtual-account", options.virtual_account, "Whose door this is");
}

}  // namespace quartermaster::fleet
