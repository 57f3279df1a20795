// hold place, release, list
#include <string>

#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/holds.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Hold;
using ledger::v1::HoldService;

struct HoldPlaceOptions {
  std::string name;
  std::string reason;
};
struct HoldReleaseOptions {
  std::string name;
};
struct HoldListOptions : ListOptions {
  bool all = false;
};

const RowSpec<Hold>& HoldSpec() {
  using K = CellKind;
  using R = Hold;
  static const auto* spec = new RowSpec<R>{
      {"name", "Name", K::kText, [](const R& r) { return Json(r.name()); }},
      {"hold_id", "", K::kNumber, [](const R& r) { return Json(r.hold_id()); }},
      {"placed_at", "Placed", K::kTime,
       [](const R& r) { return TimeJson(r.has_placed_at(), r.placed_at()); }},
      {"placed_by", "By", K::kText, [](const R& r) { return TextOrNull(r.placed_by()); }},
      {"released_at", "Released", K::kTime,
       [](const R& r) { return TimeJson(r.has_released_at(), r.released_at()); }},
      {"released_by", "Released by", K::kText, [](const R& r) { return TextOrNull(r.released_by()); }},
      {"reason", "Reason", K::kText, [](const R& r) { return Json(r.reason()); }},
  };
  return *spec;
}

ExitCode PrintHold(Invocation& invocation, const Hold& hold) {
  invocation.output().Begin();
  invocation.output().Record(HoldSpec(), hold);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Place(Invocation& invocation, const HoldPlaceOptions& options) {
  ledger::v1::PlaceHoldRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_name(options.name);
  request.set_reason(options.reason);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Hold hold, invocation.Call<HoldService>(&HoldService::Stub::PlaceHold, request));
  return PrintHold(invocation, hold);
}

absl::StatusOr<ExitCode> Release(Invocation& invocation, const HoldReleaseOptions& options) {
  ledger::v1::ReleaseHoldRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_name(options.name);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const Hold hold, invocation.Call<HoldService>(&HoldService::Stub::ReleaseHold, request));
  return PrintHold(invocation, hold);
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const HoldListOptions& options) {
  ledger::v1::ListHoldsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_include_released(options.all);
  return ListRows<HoldService>(
      invocation, {"holds", ""}, HoldSpec(), &HoldService::Stub::ListHolds, request,
      [](const auto& page) -> const auto& { return page.holds(); }, options.limit);
}

}  // namespace

void AddHoldCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group =
      AddGroup(app, "hold", "Holds that keep retention from a smart account: place, release, list");
  auto place = AddLeaf<HoldPlaceOptions>(
      group, "place", "Keep every stored report of the smart account; the same again changes nothing",
      invocation, Place);
  place.app.add_option("NAME", place.options->name, "For example audit-2026")->required();
  place.app.add_option("--reason", place.options->reason, "Why, for whoever decides on its release")
      ->required();
  auto release = AddLeaf<HoldReleaseOptions>(
      group, "release", "End a hold; what only it kept goes with the next retention", invocation, Release);
  release.app.add_option("NAME", release.options->name, "As it was placed")->required();
  auto list = AddLeaf<HoldListOptions>(group, "list", "Holds in force, oldest first", invocation, List);
  list.app.add_flag("--all", list.options->all, "Also those that were released");
  AddLimit(list.app, *list.options);
}

}  // namespace quartermaster::qmctl
