// authorization release, approve-release, show-release
#include "clients/qmctl/commands/authorization_release.h"

#include <cstdint>
#include <string>

#include "clients/qmctl/commands/authorization_rows.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/authorization_releases.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::AuthorizationRelease;
using ledger::v1::AuthorizationReleaseService;
using Stub = AuthorizationReleaseService::Stub;

struct ReleaseOptions {
  int64_t id = 0;
  std::string reason;
};

const RowSpec<AuthorizationRelease>& ReleaseSpec() {
  using K = CellKind;
  using R = AuthorizationRelease;
  static const auto* spec = new RowSpec<R>{
      {"authorization_id", "Id", K::kNumber,
       [](const R& r) { return Json(r.authorization().authorization_id()); }},
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.authorization().udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.authorization().udi().product_id()); }},
      {"serial_number", "", K::kText,
       [](const R& r) { return Json(r.authorization().udi().serial_number()); }},
      {"virtual_account", "Virtual account", K::kText,
       [](const R& r) { return Json(r.authorization().virtual_account()); }},
      {"state", "State", K::kText, [](const R& r) { return EnumWord(r.authorization().state()); }},
      {"licenses", "Licenses", K::kText, [](const R& r) { return Json(LinesText(r.authorization())); }},
      {"reason", "Reason", K::kText, [](const R& r) { return Json(r.reason()); }},
      {"requested_by", "Requested by", K::kText, [](const R& r) { return TextOrNull(r.requested_by()); }},
      {"requested_at", "Requested", K::kTime,
       [](const R& r) { return TimeJson(r.has_request_time(), r.request_time()); }},
      {"expires_at", "", K::kTime, [](const R& r) { return TimeJson(r.has_expire_time(), r.expire_time()); }},
      {"approved_by", "Approved by", K::kText, [](const R& r) { return TextOrNull(r.approved_by()); }},
      {"approved_at", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_approve_time(), r.approve_time()); }},
  };
  return *spec;
}

ExitCode Print(Invocation& invocation, const AuthorizationRelease& release) {
  invocation.output().Begin();
  invocation.output().Record(ReleaseSpec(), release);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Release(Invocation& invocation, const ReleaseOptions& options) {
  ledger::v1::RequestReleaseRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_authorization_id(options.id);
  request.set_reason(options.reason);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const AuthorizationRelease answer,
                   invocation.Call<AuthorizationReleaseService>(&Stub::RequestRelease, request));
  return Print(invocation, answer);
}

absl::StatusOr<ExitCode> ApproveRelease(Invocation& invocation, const ReleaseOptions& options) {
  ledger::v1::ApproveReleaseRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_authorization_id(options.id);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const AuthorizationRelease answer,
                   invocation.Call<AuthorizationReleaseService>(&Stub::ApproveRelease, request));
  return Print(invocation, answer);
}

absl::StatusOr<ExitCode> ShowRelease(Invocation& invocation, const ReleaseOptions& options) {
  ledger::v1::GetReleaseRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_authorization_id(options.id);
  ASSIGN_OR_RETURN(const AuthorizationRelease answer,
                   invocation.Call<AuthorizationReleaseService>(&Stub::GetRelease, request));
  return Print(invocation, answer);
}

}  // namespace

void AddReleaseCommands(CLI::App& group, Invocation& invocation) {
  auto release = AddLeaf<ReleaseOptions>(
      group, "release", "Ask that one be freed whose product instance cannot prove the removal any more",
      invocation, Release);
  release.app.add_option("ID", release.options->id, "Number of the authorization or reservation")->required();
  release.app.add_option("--reason", release.options->reason, "Why, for who approves and for the audit")
      ->required();
  auto approve = AddLeaf<ReleaseOptions>(group, "approve-release", "Free it; not who asked for it",
                                         invocation, ApproveRelease);
  approve.app.add_option("ID", approve.options->id, "Its number")->required();
  auto show = AddLeaf<ReleaseOptions>(group, "show-release", "Who asked that one be freed, and why",
                                      invocation, ShowRelease);
  show.app.add_option("ID", show.options->id, "Its number")->required();
}

}  // namespace quartermaster::qmctl
