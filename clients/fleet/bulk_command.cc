// bulk
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "clients/command_line/registration.h"
#include "clients/fleet/fleet_commands.h"
#include "clients/fleet/wait_applied.h"
#include "clients/usage_import/usage_import.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

using client::ExitCode;
using command_line::AddLeaf;
using command_line::Invocation;
using output::CellKind;
using output::Json;
using output::RowSpec;

struct BulkOptions {
  std::string usage_file;
  std::string virtual_account;
  bool wait_applied = false;
  double patience_s = 600;
};

struct BulkResult {
  ingest::v1::ImportTotals totals;
  int attempts = 1;
  std::string reason;
  double import_s = 0;
  // Until the books had everything; 0 without --wait-applied.
  double applied_s = 0;
};

int64_t Answered(const BulkResult& result) {
  const auto& totals = result.totals;
  return totals.accepted() + totals.duplicate() + totals.conflict() + totals.rejected();
}

const RowSpec<BulkResult>& ResultSpec() {
  using K = CellKind;
  using R = BulkResult;
  static const auto* spec = new RowSpec<R>{
      {"reports", "Reports", K::kCount, [](const R& r) { return Json(Answered(r)); }},
      {"accepted", "Accepted", K::kCount, [](const R& r) { return Json(r.totals.accepted()); }},
      {"duplicate", "Duplicate", K::kCount, [](const R& r) { return Json(r.totals.duplicate()); }},
      {"conflict", "Conflict", K::kCount, [](const R& r) { return Json(r.totals.conflict()); }},
      {"rejected", "Rejected", K::kCount, [](const R& r) { return Json(r.totals.rejected()); }},
      {"bytes", "Bytes", K::kBytes, [](const R& r) { return Json(r.totals.bytes_done()); }},
      {"import_seconds", "Import s", K::kNumber, [](const R& r) { return Json(r.import_s); }},
      {"applied_seconds", "Applied s", K::kNumber, [](const R& r) { return Json(r.applied_s); }},
      {"reports_per_second", "Reports/s", K::kNumber,
       [](const R& r) {
         const double seconds = std::max({1e-9, r.import_s, r.applied_s});
         return Json(static_cast<int64_t>(static_cast<double>(Answered(r)) / seconds));
       }},
      {"attempts", "", K::kNumber, [](const R& r) { return Json(r.attempts); }},
      {"error", "Error", K::kText,
       [](const R& r) { return r.reason.empty() ? Json(nullptr) : Json(r.reason); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Bulk(Invocation& invocation, const BulkOptions& options) {
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  ASSIGN_OR_RETURN(const auto source, client::ByteSource::Open(options.usage_file));
  client::UsageImportOptions import_options;
  import_options.smart_account = invocation.options.smart_account;
  import_options.virtual_account = options.virtual_account;
  const absl::Time started = absl::Now();
  ASSIGN_OR_RETURN(const auto outcome, client::ImportUsage(*node, *source, import_options));
  BulkResult result;
  result.totals = outcome.summary.totals();
  result.attempts = outcome.attempts;
  result.reason = outcome.summary.reason();
  result.import_s = absl::ToDoubleSeconds(absl::Now() - started);
  if (options.wait_applied) {
    RETURN_IF_ERROR(WaitUntilApplied(invocation, absl::Seconds(options.patience_s)));
    result.applied_s = absl::ToDoubleSeconds(absl::Now() - started);
  }
  invocation.output().Begin();
  invocation.output().Record(ResultSpec(), result);
  invocation.output().End();
  const bool clean = result.reason.empty() && result.totals.conflict() + result.totals.rejected() == 0;
  return clean ? ExitCode::kOk : ExitCode::kRefused;
}

}  // namespace

void AddBulkCommand(CLI::App& app, Invocation& invocation) {
  auto bulk = AddLeaf<BulkOptions>(app, "bulk", "Import a usage file and measure it", invocation, Bulk);
  bulk.app.add_option("--usage", bulk.options->usage_file, "Usage file; - is standard input")->required();
  bulk.app.add_flag("--wait-applied", bulk.options->wait_applied, "Measure until everything is in the books");
  bulk.app.add_option("--patience", bulk.options->patience_s, "Seconds to wait for the books")
      ->capture_default_str();
  bulk.app.add_option("--virtual-account", bulk.options->virtual_account,
                      "Home for product instances that are not known yet");
}

}  // namespace quartermaster::fleet
