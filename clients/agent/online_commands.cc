// import, submit, poll
#include "clients/agent/online_commands.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/agent/acknowledge.h"
#include "clients/agent/online.h"
#include "clients/agent/trust_commands.h"
#include "clients/command_line/registration.h"
#include "clients/connection/file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using client::ExitCode;
using command_line::AddLeaf;
using command_line::Invocation;
using output::CellKind;
using output::Json;
using output::Output;
using output::OutputFormat;
using output::RowSpec;

const RowSpec<AcknowledgementTaken>& TakenSpec() {
  using K = CellKind;
  using R = AcknowledgementTaken;
  static const auto* spec = new RowSpec<R>{
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi.product_id); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi.serial_number); }},
      {"sequence", "", K::kNumber, [](const R& r) { return Json(r.sequence); }},
      {"newly_acknowledged", "", K::kCount, [](const R& r) { return Json(r.newly_acknowledged); }},
  };
  return *spec;
}

std::string TakenLine(const AcknowledgementTaken& taken) {
  return absl::StrCat("acknowledgement ", taken.sequence, " for ", taken.udi.product_id, ":",
                      taken.udi.serial_number, ": ", taken.newly_acknowledged, " reports newly acknowledged");
}

const RowSpec<PolicyTaken>& PolicySpec() {
  using K = CellKind;
  using R = PolicyTaken;
  static const auto* spec = new RowSpec<R>{
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi.product_id); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi.serial_number); }},
      {"sequence", "", K::kNumber, [](const R& r) { return Json(r.sequence); }},
      {"policy", "", K::kText, [](const R& r) { return Json(r.policy_name); }},
  };
  return *spec;
}

void PrintPolicy(Output& output, const PolicyTaken& taken) {
  output.Begin();
  output.Figures(PolicySpec(), taken);
  output.Note(absl::StrCat("policy ", taken.policy_name, " for ", taken.udi.product_id, ":",
                           taken.udi.serial_number, " installed"));
  output.End();
}

struct ImportOptions {
  std::string file;
};
absl::StatusOr<ExitCode> ImportFile(Invocation& invocation, const StatePath& path,
                                    const ImportOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const std::string file, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto pinned, directory->AuthorityCertificates());
  if (IsPolicyFile(file)) {
    ASSIGN_OR_RETURN(const auto taken, TakePolicy(file, pinned, directory->state()));
    RETURN_IF_ERROR(directory->Save());
    PrintPolicy(invocation.output(), taken);
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const auto taken, TakeAcknowledgement(file, pinned, directory->state()));
  RETURN_IF_ERROR(directory->Save());
  Output& output = invocation.output();
  output.Begin();
  output.Figures(TakenSpec(), taken);
  output.Note(TakenLine(taken));
  output.End();
  return ExitCode::kOk;
}

struct OnlineCommandOptions {
  std::string virtual_account;
  bool wait = false;
};

// What became of the reports of one push, as a node says it.
struct SubmitCounts {
  int64_t accepted = 0;
  int64_t duplicate = 0;
  int64_t conflict = 0;
  int64_t rejected = 0;
};

const RowSpec<SubmitCounts>& SubmitSpec() {
  using K = CellKind;
  using R = SubmitCounts;
  static const auto* spec = new RowSpec<R>{
      {"accepted", "", K::kCount, [](const R& r) { return Json(r.accepted); }},
      {"duplicate", "", K::kCount, [](const R& r) { return Json(r.duplicate); }},
      {"conflict", "", K::kCount, [](const R& r) { return Json(r.conflict); }},
      {"rejected", "", K::kCount, [](const R& r) { return Json(r.rejected); }},
  };
  return *spec;
}

SubmitCounts CountOutcomes(const std::vector<ingest::v1::ReportResult>& results) {
  using ingest::v1::ReportResult;
  std::array<int64_t, ReportResult::Outcome_ARRAYSIZE> counts{};
  for (const ReportResult& result : results) {
    if (ReportResult::Outcome_IsValid(result.outcome())) ++counts[result.outcome()];
  }
  return {counts[ReportResult::OUTCOME_ACCEPTED], counts[ReportResult::OUTCOME_DUPLICATE],
          counts[ReportResult::OUTCOME_CONFLICT], counts[ReportResult::OUTCOME_REJECTED]};
}

absl::StatusOr<ExitCode> Submit(Invocation& invocation, const StatePath& path,
                                const OnlineCommandOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  RenewIfDue(invocation, *directory);
  RETURN_IF_ERROR(KeepAndSave(*directory, CloseReports(directory->state(), CloseReason::kInterval)));
  ASSIGN_OR_RETURN(
      const auto results,
      SubmitUnreported(*directory, *node, {invocation.options.smart_account, options.virtual_account}));
  for (const auto& result : results) {
    if (!result.reason().empty()) {
      invocation.streams().err << "agent: report " << result.report_id() << ": " << result.reason() << ": "
                               << result.message() << '\n';
    }
  }
  const SubmitCounts counts = CountOutcomes(results);
  Output& output = invocation.output();
  output.Begin();
  output.Figures(SubmitSpec(), counts);
  output.Note(absl::StrCat(counts.accepted, " accepted, ", counts.duplicate, " duplicate, ", counts.conflict,
                           " conflict, ", counts.rejected, " rejected"));
  output.End();
  return counts.conflict + counts.rejected == 0 ? ExitCode::kOk : ExitCode::kRefused;
}

const RowSpec<PollOutcome>& PollSpec() {
  using R = PollOutcome;
  static const auto* spec = new RowSpec<R>{
      {"pending", "", CellKind::kCount, [](const R& r) { return Json(r.pending); }},
      {"vendor_acknowledgement_required", "", CellKind::kFlag,
       [](const R& r) { return Json(r.vendor_acknowledgement_required); }},
  };
  return *spec;
}

void PrintPoll(Output& output, const PollOutcome& outcome) {
  output.Begin();
  if (output.format() != OutputFormat::kTable) {
    output.BeginRows({"acknowledgements", ""}, TakenSpec(), PollSpec());
    for (const AcknowledgementTaken& taken : outcome.taken) output.AddRow(TakenSpec(), taken);
    output.EndRows();
  }
  output.Figures(PollSpec(), outcome);
  for (const AcknowledgementTaken& taken : outcome.taken) output.Note(TakenLine(taken));
  if (outcome.vendor_acknowledgement_required) output.Note("only the vendor can acknowledge these reports");
  if (outcome.pending > 0) {
    output.Note(absl::StrCat(outcome.pending, " submissions are not acknowledged yet"));
  }
  output.End();
}

absl::StatusOr<ExitCode> Poll(Invocation& invocation, const StatePath& path,
                              const OnlineCommandOptions& options) {
  ASSIGN_OR_RETURN(const auto directory, OpenState(path));
  ASSIGN_OR_RETURN(const auto node, invocation.Node());
  const absl::Time deadline = absl::Now() + node->patience();
  PollOutcome whole;
  absl::Status status;
  while (true) {
    auto outcome = PollAcknowledgements(*directory, *node, {invocation.options.smart_account, ""});
    status = outcome.status();
    if (!status.ok()) break;
    whole.taken.insert(whole.taken.end(), outcome->taken.begin(), outcome->taken.end());
    whole.pending = outcome->pending;
    whole.vendor_acknowledgement_required |= outcome->vendor_acknowledgement_required;
    if (whole.pending == 0 || !options.wait || absl::Now() >= deadline) break;
    absl::SleepFor(absl::Seconds(1));
  }
  // What was taken over before an error stays so, and is told.
  if (status.ok() || !whole.taken.empty()) PrintPoll(invocation.output(), whole);
  RETURN_IF_ERROR(status);
  return whole.pending == 0 ? ExitCode::kOk : ExitCode::kRefused;
}

}  // namespace

void AddOnlineCommands(CLI::App& app, Invocation& invocation, const StatePath& path) {
  auto import_leaf = AddLeaf<ImportOptions>(
      app, "import", "Take an acknowledgement or policy file over", invocation,
      [path](Invocation& run, const ImportOptions& options) { return ImportFile(run, path, options); });
  import_leaf.app
      .add_option("FILE", import_leaf.options->file,
                  "As `qmctl ack export` or `qmctl policy export` wrote it")
      ->required();

  auto submit = AddLeaf<OnlineCommandOptions>(
      app, "submit", "Push the reports that are not reported yet", invocation,
      [path](Invocation& run, const OnlineCommandOptions& options) { return Submit(run, path, options); });
  submit.app.add_option("--virtual-account", submit.options->virtual_account, "Whose door this is");
  auto poll = AddLeaf<OnlineCommandOptions>(
      app, "poll", "Fetch acknowledgements; 1 while some are still to come", invocation,
      [path](Invocation& run, const OnlineCommandOptions& options) { return Poll(run, path, options); });
  poll.app.add_flag("--wait", poll.options->wait, "Until all are there, at most --timeout");
}

}  // namespace quartermaster::agent
