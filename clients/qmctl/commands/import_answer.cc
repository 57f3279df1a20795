#include "clients/qmctl/commands/import_answer.h"

namespace quartermaster::qmctl {
namespace {

const RowSpec<RowProblem>& ProblemSpec() {
  using R = RowProblem;
  static const auto* spec = new RowSpec<R>{
      {"place", "Row", CellKind::kText, [](const R& r) { return Json(r.place); }},
      {"reason", "Reason", CellKind::kText, [](const R& r) { return Json(r.reason); }},
      {"message", "Message", CellKind::kText, [](const R& r) { return Json(r.message); }},
  };
  return *spec;
}

const RowSpec<ImportAnswer>& AnswerSpec() {
  using R = ImportAnswer;
  static const auto* spec = new RowSpec<R>{
      {"added", "", CellKind::kCount, [](const R& r) { return Json(r.added); }},
      {"updated", "", CellKind::kCount, [](const R& r) { return Json(r.updated); }},
      {"unchanged", "", CellKind::kCount, [](const R& r) { return Json(r.unchanged); }},
      {"refused", "", CellKind::kCount, [](const R& r) { return Json(r.problems.size()); }},
  };
  return *spec;
}

}  // namespace

void ImportAnswer::Add(const ledger::v1::ImportResponse& response, const std::vector<std::string>& places,
                       size_t offset) {
  added += response.added();
  updated += response.updated();
  unchanged += response.unchanged();
  for (const auto& error : response.errors()) {
    const size_t index = offset + static_cast<size_t>(error.row()) - 1;
    const std::string place = index < places.size() ? places[index] : absl::StrCat("row ", error.row());
    problems.push_back({place, error.reason(), error.message()});
  }
}

ExitCode PrintImportAnswer(Invocation& invocation, const ImportAnswer& answer) {
  Output& output = invocation.output();
  output.Begin();
  const bool table = output.format() == OutputFormat::kTable;
  if (!table || !answer.problems.empty()) {
    output.BeginRows({"errors", ""}, ProblemSpec(), AnswerSpec());
    for (const RowProblem& problem : answer.problems) output.AddRow(ProblemSpec(), problem);
    output.EndRows();
  }
  output.Figures(AnswerSpec(), answer);
  output.Note(absl::StrCat(answer.added, " added, ", answer.updated, " updated, ", answer.unchanged,
                           " unchanged, ", answer.problems.size(), " refused"));
  output.End();
  return answer.problems.empty() ? ExitCode::kOk : ExitCode::kRefused;
}

}  // namespace quartermaster::qmctl
