// compliance
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::ComplianceService;
using ledger::v1::PoolCompliance;
using ledger::v1::VirtualAccountCompliance;

struct ComplianceOptions {
  std::string virtual_account;
  FigureTimeOptions times;
};

const RowSpec<VirtualAccountCompliance>& AccountSpec() {
  using K = CellKind;
  using R = VirtualAccountCompliance;
  static const auto* spec = new RowSpec<R>{
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"status", "Status", K::kText, [](const R& r) { return EnumWord(r.status()); }},
      {"product_instances", "Product instances", K::kCount,
       [](const R& r) { return r.has_product_instances() ? Json(r.product_instances()) : Json(nullptr); }},
      {"reporting_overdue", "Reporting overdue", K::kCount,
       [](const R& r) { return r.has_reporting_overdue() ? Json(r.reporting_overdue()) : Json(nullptr); }},
  };
  return *spec;
}

Json SubstitutionsJson(const PoolCompliance& pool) {
  Json list = Json::array();
  for (const auto& substitution : pool.substitutions()) {
    list.push_back({{"from_tag", substitution.from_tag()}, {"quantity", substitution.quantity()}});
  }
  return list;
}

// What a licence administrator should see beside the figures.
std::string Remark(const PoolCompliance& pool) {
  if (pool.status() == ledger::v1::COMPLIANCE_STATUS_UNKNOWN && pool.display_name().empty()) {
    return "tag is not in the catalogue";
  }
  if (pool.balance() < 0 && pool.balance() + pool.borrowed() >= 0) {
    return absl::StrCat("covered by ", pool.borrowed(), " of a higher tier");
  }
  if (pool.balance() + pool.borrowed() < 0 && pool.surplus_elsewhere() > 0) {
    return absl::StrCat(pool.surplus_elsewhere(), " free in other virtual accounts");
  }
  return "";
}

const RowSpec<PoolCompliance>& PoolSpec() {
  using K = CellKind;
  using R = PoolCompliance;
  static const auto* spec = new RowSpec<R>{
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"", "License", K::kText,
       [](const R& r) { return Json(r.display_name().empty() ? r.tag() : r.display_name()); }},
      {"tag", "", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"display_name", "", K::kText, [](const R& r) { return TextOrNull(r.display_name()); }},
      {"status", "Status", K::kText, [](const R& r) { return EnumWord(r.status()); }},
      {"entitled", "Entitled", K::kCount, [](const R& r) { return Json(r.entitled()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
      {"reserved", "Reserved", K::kCount, [](const R& r) { return Json(r.reserved()); }},
      {"balance", "Balance", K::kCount, [](const R& r) { return Json(r.balance()); }},
      {"borrowed", "Borrowed", K::kCount, [](const R& r) { return Json(r.borrowed()); }},
      {"lent", "Lent", K::kCount, [](const R& r) { return Json(r.lent()); }},
      {"overage_quantity", "", K::kCount, [](const R& r) { return Json(r.overage_quantity()); }},
      {"surplus_elsewhere", "", K::kCount, [](const R& r) { return Json(r.surplus_elsewhere()); }},
      {"substitutions", "", K::kNested, SubstitutionsJson},
      {"", "Remark", K::kText, [](const R& r) { return Json(Remark(r)); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Compliance(Invocation& invocation, const ComplianceOptions& options) {
  ledger::v1::GetComplianceRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  RETURN_IF_ERROR(SetFigureTimes(options.times, request));
  ASSIGN_OR_RETURN(const ledger::v1::GetComplianceResponse answer,
                   invocation.Call<ComplianceService>(&ComplianceService::Stub::GetCompliance, request));
  Output& output = invocation.output();
  const Json as_of = TimeJson(answer.has_as_of(), answer.as_of());
  const Json known_at = TimeJson(answer.has_known_at(), answer.known_at());
  output.Begin();
  output.Field("smart_account", answer.smart_account());
  output.Field("status", EnumWord(answer.status()));
  output.Field("as_of", as_of);
  output.Field("known_at", known_at);
  const std::string known =
      answer.has_known_at() ? absl::StrCat(", known at ", TableText(CellKind::kTime, known_at), " UTC") : "";
  output.Note(absl::StrCat("Smart account ", answer.smart_account(), ": ",
                           TableText(CellKind::kText, EnumWord(answer.status())), ", as of ",
                           TableText(CellKind::kTime, as_of), " UTC", known));
  output.BeginRows({"virtual_accounts", "", /*main=*/false}, AccountSpec());
  for (const auto& row : answer.virtual_accounts()) output.AddRow(AccountSpec(), row);
  output.EndRows();
  output.BeginRows({"pools", ""}, PoolSpec());
  for (const auto& row : answer.pools()) output.AddRow(PoolSpec(), row);
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddComplianceCommand(CLI::App& app, Invocation& invocation) {
  auto leaf = AddLeaf<ComplianceOptions>(app, "compliance", "Who is short of what, now or at any date",
                                         invocation, Compliance);
  leaf.app.add_option("--virtual-account", leaf.options->virtual_account, "Only this one");
  AddFigureTimes(leaf.app, leaf.options->times);
}

}  // namespace quartermaster::qmctl
