// product-instance move, remove, replace
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/product_instance.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::MoveProductInstancesResponse;
using ledger::v1::ProductInstanceService;
using ledger::v1::RemoveProductInstancesResponse;
using ledger::v1::TagUse;

struct SelectionOptions {
  std::vector<std::string> udis;
  InstanceFilterOptions filter;
  bool preview = false;
};
struct MoveOptions : SelectionOptions {
  std::string to;
};
struct ReplaceOptions {
  std::string old_udi, new_udi;
  bool force = false;
};

template <typename Request>
absl::StatusOr<Request> RequestOf(Invocation& invocation, const SelectionOptions& options) {
  Request request;
  request.set_smart_account(invocation.options.smart_account);
  for (const std::string& udi : options.udis) {
    ASSIGN_OR_RETURN(*request.add_udis(), ParseUdi(udi));
  }
  *request.mutable_filter() = FilterOf(options.filter);
  request.set_validate_only(options.preview);
  if (!options.preview) request.set_request_id(NewRequestId());
  return request;
}

const RowSpec<TagUse>& UseSpec() {
  using K = CellKind;
  using R = TagUse;
  static const auto* spec = new RowSpec<R>{
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"display_name", "License", K::kText, [](const R& r) { return TextOrNull(r.display_name()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
  };
  return *spec;
}

const RowSpec<MoveProductInstancesResponse::PoolOut>& PoolOutSpec() {
  using K = CellKind;
  using R = MoveProductInstancesResponse::PoolOut;
  static const auto* spec = new RowSpec<R>{
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"balance", "Balance", K::kCount, [](const R& r) { return Json(r.balance()); }},
  };
  return *spec;
}

template <typename Answer>
void ShowCounts(Output& output, const Answer& answer) {
  output.Field("product_instances", Json(answer.product_instances()));
  output.Field("ha_members_added", Json(answer.ha_members_added()));
}

void ShowUse(Output& output, const google::protobuf::RepeatedPtrField<TagUse>& uses, const char* title,
             bool main) {
  output.BeginRows({"usage", title, main}, UseSpec());
  for (const TagUse& use : uses) output.AddRow(UseSpec(), use);
  output.EndRows();
}

absl::StatusOr<ExitCode> Move(Invocation& invocation, const MoveOptions& options) {
  ASSIGN_OR_RETURN(auto request, RequestOf<ledger::v1::MoveProductInstancesRequest>(invocation, options));
  request.set_to_virtual_account(options.to);
  ASSIGN_OR_RETURN(
      const MoveProductInstancesResponse answer,
      invocation.Call<ProductInstanceService>(&ProductInstanceService::Stub::MoveProductInstances, request));
  Output& output = invocation.output();
  output.Begin();
  ShowCounts(output, answer);
  ShowUse(output, answer.usage(), "Moves along", /*main=*/true);
  output.BeginRows({"pools_out", "Would be out of compliance", /*main=*/false}, PoolOutSpec());
  for (const auto& pool : answer.pools_out()) output.AddRow(PoolOutSpec(), pool);
  output.EndRows();
  output.Note(absl::StrCat(answer.product_instances(), " product instances ",
                           options.preview ? "would move" : "moved", " to ", options.to, ", ",
                           answer.ha_members_added(), " of them as members of HA sets"));
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Remove(Invocation& invocation, const SelectionOptions& options) {
  ASSIGN_OR_RETURN(const auto request,
                   RequestOf<ledger::v1::RemoveProductInstancesRequest>(invocation, options));
  ASSIGN_OR_RETURN(const RemoveProductInstancesResponse answer,
                   invocation.Call<ProductInstanceService>(
                       &ProductInstanceService::Stub::RemoveProductInstances, request));
  Output& output = invocation.output();
  output.Begin();
  ShowCounts(output, answer);
  ShowUse(output, answer.usage(), "No longer in use", /*main=*/true);
  output.Note(absl::StrCat(answer.product_instances(), " product instances ",
                           options.preview ? "would be removed" : "removed", ", ", answer.ha_members_added(),
                           " of them as members of HA sets"));
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Replace(Invocation& invocation, const ReplaceOptions& options) {
  ledger::v1::ReplaceProductInstanceRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(*request.mutable_old_udi(), ParseUdi(options.old_udi));
  ASSIGN_OR_RETURN(*request.mutable_new_udi(), ParseUdi(options.new_udi));
  request.set_force(options.force);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const auto instance, invocation.Call<ProductInstanceService>(
                                            &ProductInstanceService::Stub::ReplaceProductInstance, request));
  Output& output = invocation.output();
  output.Begin();
  output.Record(InstanceSpec(), instance);
  output.End();
  return ExitCode::kOk;
}

void AddSelection(CLI::App& app, SelectionOptions& options) {
  app.add_option("PID:SN", options.udis, "These; or say which by the options below");
  AddFilterOptions(app, options.filter);
  app.add_flag("--preview", options.preview, "Say what would happen, change nothing");
}

}  // namespace

void AddProductInstanceChanges(CLI::App& group, Invocation& invocation) {
  auto move = AddLeaf<MoveOptions>(group, "move", "Move to another virtual account, with what is in use",
                                   invocation, Move);
  AddSelection(move.app, *move.options);
  move.app.add_option("--to", move.options->to, "Virtual account that is their home from now on")->required();
  auto remove = AddLeaf<SelectionOptions>(
      group, "remove", "End what is in use and take out of the lists; history stays", invocation, Remove);
  AddSelection(remove.app, *remove.options);
  auto replace =
      AddLeaf<ReplaceOptions>(group, "replace", "One took the place of another (RMA)", invocation, Replace);
  replace.app.add_option("OLD", replace.options->old_udi, "PID:SN that was replaced")->required();
  replace.app.add_option("NEW", replace.options->new_udi, "PID:SN that took its place")->required();
  replace.app.add_flag("--force", replace.options->force, "Also when the old one still reported");
}

}  // namespace quartermaster::qmctl
