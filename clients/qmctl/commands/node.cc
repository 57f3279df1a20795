// node, status
#include <algorithm>
#include <string>
#include <vector>

#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using gateway::v1::Node;
using gateway::v1::NodeService;

Json NotServing(const Node& node) {
  std::vector<std::string> names;
  for (const auto& service : node.services()) {
    if (!service.serving()) names.push_back(service.service());
  }
  return names;
}

const RowSpec<Node>& NodeSpec() {
  using K = CellKind;
  static const auto* spec = new RowSpec<Node>{
      {"version", "Version", K::kText, [](const Node& n) { return Json(n.version()); }},
      {"now", "Time (UTC)", K::kTime, [](const Node& n) { return TimeJson(n.has_now(), n.now()); }},
      {"schema_version", "Schema", K::kNumber, [](const Node& n) { return Json(n.schema_version()); }},
      {"synchronous_standby", "", K::kFlag, [](const Node& n) { return Json(n.synchronous_standby()); }},
      {"", "Copies of an answer", K::kText,
       [](const Node& n) {
         return Json(n.synchronous_standby() ? "2 (synchronous standby)" : "1 (no standby)");
       }},
      {"not_serving", "", K::kList, NotServing},
  };
  return *spec;
}

const RowSpec<Node::ServiceHealth>& ServiceSpec() {
  using K = CellKind;
  using R = Node::ServiceHealth;
  static const auto* spec = new RowSpec<R>{
      {"service", "Service", K::kText, [](const R& r) { return Json(r.service()); }},
      {"serving", "", K::kFlag, [](const R& r) { return Json(r.serving()); }},
      {"", "State", K::kText, [](const R& r) { return Json(r.serving() ? "serving" : "not serving"); }},
      {"detail", "Detail", K::kText, [](const R& r) { return TextOrNull(r.detail()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ShowNode(Invocation& invocation, const NoOptions&) {
  ASSIGN_OR_RETURN(const Node node,
                   invocation.Call<NodeService>(&NodeService::Stub::GetNode, gateway::v1::GetNodeRequest()));
  Output& output = invocation.output();
  output.Begin();
  output.Field("endpoint", (*invocation.Node())->address());
  output.Record(NodeSpec(), node);
  output.BeginRows({"services", "", /*main=*/false}, ServiceSpec());
  for (const auto& service : node.services()) output.AddRow(ServiceSpec(), service);
  output.EndRows();
  output.End();
  const bool all_serving = std::all_of(node.services().begin(), node.services().end(),
                                       [](const auto& service) { return service.serving(); });
  return all_serving ? ExitCode::kOk : ExitCode::kRefused;
}

}  // namespace

void AddNodeCommands(CLI::App& app, Invocation& invocation) {
  AddLeaf<NoOptions>(app, "node", "The node behind the endpoint; 1 when a service does not serve", invocation,
                     ShowNode)
      .app.alias("status");
}

}  // namespace quartermaster::qmctl
