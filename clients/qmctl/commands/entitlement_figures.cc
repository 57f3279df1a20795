// entitlement list --usage, --as-of, --known-at
#include "clients/qmctl/commands/entitlement_figures.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/figures.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::EntitlementFigure;
using ledger::v1::FigureService;

const RowSpec<EntitlementFigure>& FigureSpec() {
  using K = CellKind;
  using R = EntitlementFigure;
  static const auto* spec = new RowSpec<R>{
      {"entitlement_id", "Entitlement", K::kText, [](const R& r) { return Json(r.entitlement_id()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"term", "Term", K::kText, [](const R& r) { return EnumWord(r.term()); }},
      {"start", "Start", K::kTime, [](const R& r) { return TimeJson(r.has_start_time(), r.start_time()); }},
      {"end", "End", K::kTime, [](const R& r) { return TimeJson(r.has_end_time(), r.end_time()); }},
      {"status", "Status", K::kText, [](const R& r) { return EnumWord(r.status()); }},
      {"available", "Available", K::kCount, [](const R& r) { return Json(r.available()); }},
      {"held", "Held", K::kCount, [](const R& r) { return Json(r.held()); }},
      {"reserved", "Reserved", K::kCount, [](const R& r) { return Json(r.reserved()); }},
      {"expired", "Expired", K::kCount, [](const R& r) { return Json(r.expired()); }},
      {"consumed", "Consumed", K::kCount, [](const R& r) { return Json(r.consumed()); }},
  };
  return *spec;
}

}  // namespace

absl::StatusOr<ExitCode> ListEntitlementFigures(Invocation& invocation,
                                                const EntitlementFigureOptions& options) {
  ledger::v1::ListEntitlementFiguresRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_tag(options.tag);
  RETURN_IF_ERROR(SetFigureTimes(options.times, request));
  Output& output = invocation.output();
  int64_t left = options.limit > 0 ? options.limit : INT64_MAX;
  bool begun = false;
  do {
    request.set_page_size(static_cast<int>(std::min<int64_t>(left, kPageSize)));
    ASSIGN_OR_RETURN(const ledger::v1::ListEntitlementFiguresResponse page,
                     invocation.Call<FigureService>(&FigureService::Stub::ListEntitlementFigures, request));
    if (!begun) {
      const Json as_of = TimeJson(page.has_as_of(), page.as_of());
      const Json known_at = TimeJson(page.has_known_at(), page.known_at());
      output.Begin();
      output.Field("as_of", as_of);
      output.Field("known_at", known_at);
      output.Note(absl::StrCat("As of ", TableText(CellKind::kTime, as_of), " UTC, known at ",
                               TableText(CellKind::kTime, known_at), " UTC"));
      output.BeginRows({"entitlements", ""}, FigureSpec());
      begun = true;
    }
    for (const EntitlementFigure& row : page.entitlements()) {
      if (left-- <= 0) break;
      output.AddRow(FigureSpec(), row);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && left > 0);
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

}  // namespace quartermaster::qmctl
