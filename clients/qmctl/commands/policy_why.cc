#include "clients/qmctl/commands/policy_why.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/commands/policy_rows.h"
#include "clients/qmctl/convert/proto_json.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Deadline;
using ledger::v1::ExplainDeadlinesResponse;
using ledger::v1::PolicyCandidate;
using ledger::v1::ReportedUse;

const RowSpec<PolicyCandidate>& CandidateSpec() {
  using K = CellKind;
  using R = PolicyCandidate;
  static const auto* spec = new RowSpec<R>{
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"source", "Source", K::kText, [](const R& r) { return EnumWord(r.source()); }},
      {"", "Policy", K::kText, [](const R& r) { return Json(r.name().empty() ? "(none)" : r.name()); }},
      {"name", "", K::kText, [](const R& r) { return TextOrNull(r.name()); }},
      {"type", "Type", K::kText, [](const R& r) { return EnumWord(r.type()); }},
      {"in_force", "In force", K::kFlag, [](const R& r) { return Json(r.in_force()); }},
  };
  return *spec;
}

const RowSpec<ReportedUse>& UseSpec() {
  using K = CellKind;
  using R = ReportedUse;
  static const auto* spec = new RowSpec<R>{
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"license_class", "Class", K::kText, [](const R& r) { return EnumWord(r.license_class()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
      {"first_use", "First use", K::kTime,
       [](const R& r) { return TimeJson(r.has_first_use(), r.first_use()); }},
      {"last_change", "Last change", K::kTime,
       [](const R& r) { return TimeJson(r.has_last_change(), r.last_change()); }},
  };
  return *spec;
}

const RowSpec<Deadline>& DeadlineSpec() {
  using K = CellKind;
  using R = Deadline;
  static const auto* spec = new RowSpec<R>{
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"license_class", "Class", K::kText, [](const R& r) { return EnumWord(r.license_class()); }},
      {"rule", "Rule", K::kText, [](const R& r) { return EnumWord(r.rule()); }},
      {"from", "Counts from", K::kTime, [](const R& r) { return TimeJson(r.has_from(), r.from()); }},
      {"days", "Days", K::kNumber, [](const R& r) { return Json(r.days()); }},
      {"due", "", K::kTime, [](const R& r) { return TimeJson(r.has_due(), r.due()); }},
      {"", "Due", K::kText,
       [](const R& r) {
         return Json(r.has_due() ? TableText(CellKind::kTime, TimeJson(true, r.due())) : "none required");
       }},
      {"decides", "Decides", K::kFlag, [](const R& r) { return Json(r.decides()); }},
  };
  return *spec;
}

Json PolicyJson(const ledger::v1::ReportingPolicy& policy) {
  Json json = Json::object();
  for (const auto& column : PolicySpec()) {
    if (!column.key.empty()) json[column.key] = column.value(policy);
  }
  return json;
}

std::string TimeOr(const Json& time, const char* otherwise) {
  return time.is_null() ? otherwise : absl::StrCat(TableText(CellKind::kTime, time), " UTC");
}

void PrintFields(Output& output, const ExplainDeadlinesResponse& why) {
  output.Field("product_id", why.udi().product_id());
  output.Field("serial_number", why.udi().serial_number());
  output.Field("virtual_account", why.virtual_account());
  output.Field("as_of", TimeJson(why.has_as_of(), why.as_of()));
  output.Field("policy", PolicyJson(why.policy()));
  output.Field("last_acknowledged", TimeJson(why.has_last_acknowledged(), why.last_acknowledged()));
  output.Field("last_report", TimeJson(why.has_last_report(), why.last_report()));
  output.Field("next_report_due", TimeJson(why.has_next_report_due(), why.next_report_due()));
  output.Field("next_acknowledgement_due",
               TimeJson(why.has_next_acknowledgement_due(), why.next_acknowledgement_due()));
  output.Field("next_push_due", TimeJson(why.has_next_push_due(), why.next_push_due()));
  output.Field("reporting_status", EnumWord(why.reporting_status()));
}

void NoteSubject(Output& output, const ExplainDeadlinesResponse& why) {
  const auto& policy = why.policy();
  output.Note(absl::StrCat("Product instance ", UdiText(why.udi()), " in ", why.virtual_account(), ", as of ",
                           TimeOr(TimeJson(why.has_as_of(), why.as_of()), "now")));
  output.Note(absl::StrCat("Last report ",
                           TimeOr(TimeJson(why.has_last_report(), why.last_report()), "never"),
                           ", last acknowledgement ",
                           TimeOr(TimeJson(why.has_last_acknowledged(), why.last_acknowledged()), "never")));
  output.Note(absl::StrCat("Policy in force: ", policy.name(), ", acknowledgement ",
                           policy.acknowledgement_required() ? "required" : "not required", ", push every ",
                           policy.push_interval_days(), " days"));
}

void NoteDeadlines(Output& output, const ExplainDeadlinesResponse& why) {
  output.Note(
      absl::StrCat("Next report due: ",
                   TimeOr(TimeJson(why.has_next_report_due(), why.next_report_due()), "none required")));
  output.Note(absl::StrCat(
      "Next acknowledgement due: ",
      TimeOr(TimeJson(why.has_next_acknowledgement_due(), why.next_acknowledgement_due()), "none required")));
  output.Note(absl::StrCat("Next push expected: ",
                           TimeOr(TimeJson(why.has_next_push_due(), why.next_push_due()), "not yet known")));
  output.Note(absl::StrCat("Reporting: ", TableText(CellKind::kText, EnumWord(why.reporting_status()))));
}

}  // namespace

void PrintExplanation(Output& output, const ExplainDeadlinesResponse& why) {
  output.Begin();
  PrintFields(output, why);
  NoteSubject(output, why);
  output.BeginRows({"candidates", "Policies, the first that is there is in force", /*main=*/false},
                   CandidateSpec());
  for (const PolicyCandidate& row : why.candidates()) output.AddRow(CandidateSpec(), row);
  output.EndRows();
  output.BeginRows({"uses", "What is used", /*main=*/false}, UseSpec());
  for (const ReportedUse& row : why.uses()) output.AddRow(UseSpec(), row);
  output.EndRows();
  output.BeginRows({"deadlines", "Rules, the earliest deadline decides"}, DeadlineSpec());
  for (const Deadline& row : why.deadlines()) output.AddRow(DeadlineSpec(), row);
  output.EndRows();
  NoteDeadlines(output, why);
  output.End();
}

}  // namespace quartermaster::qmctl
