#include "clients/qmctl/commands/authorization_rows.h"

#include "clients/connection/file.h"
#include "clients/qmctl/convert/proto_json.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {

using ledger::v1::Authorization;

std::string LinesText(const Authorization& authorization) {
  std::string text;
  for (const auto& line : authorization.lines()) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", line.tag(), "=", line.count());
  }
  return text;
}

const RowSpec<Authorization>& AuthorizationSpec() {
  using K = CellKind;
  using R = Authorization;
  static const auto* spec = new RowSpec<R>{
      {"authorization_id", "Id", K::kNumber, [](const R& r) { return Json(r.authorization_id()); }},
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"state", "State", K::kText, [](const R& r) { return EnumWord(r.state()); }},
      {"licenses", "Licenses", K::kText, [](const R& r) { return Json(LinesText(r)); }},
      {"sequence", "", K::kNumber, [](const R& r) { return Json(r.sequence()); }},
      {"replaces", "", K::kNumber, [](const R& r) { return Json(r.replaces_authorization_id()); }},
      {"requested_by", "Requested by", K::kText, [](const R& r) { return TextOrNull(r.requested_by()); }},
      {"requested_at", "Requested", K::kTime,
       [](const R& r) { return TimeJson(r.has_request_time(), r.request_time()); }},
      {"decided_by", "Decided by", K::kText, [](const R& r) { return TextOrNull(r.decided_by()); }},
      {"decided_at", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_decision_time(), r.decision_time()); }},
      {"hold_expires_at", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_hold_expire_time(), r.hold_expire_time()); }},
      {"granted_at", "", K::kTime, [](const R& r) { return TimeJson(r.has_grant_time(), r.grant_time()); }},
      {"confirmed_at", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_confirm_time(), r.confirm_time()); }},
      {"ended_at", "", K::kTime, [](const R& r) { return TimeJson(r.has_end_time(), r.end_time()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ShowAuthorization(Invocation& invocation, const Authorization& authorization,
                                           const std::string& file) {
  if (!file.empty() && !authorization.smart_license().empty()) {
    RETURN_IF_ERROR(client::WriteFileAtomically(file, authorization.smart_license()));
  }
  Output& output = invocation.output();
  output.Begin();
  output.Record(AuthorizationSpec(), authorization);
  if (!file.empty() && authorization.smart_license().empty()) output.Note("there is no code to write");
  output.End();
  return ExitCode::kOk;
}

}  // namespace quartermaster::qmctl
