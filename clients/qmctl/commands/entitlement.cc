// entitlement import, entitlement list
#include <string>

#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/import_answer.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/ledger.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Entitlement;
using ledger::v1::EntitlementService;

// Rows of one request: far below the limit of a message.
constexpr size_t kBatchRows = 1000;

struct EntitlementImportOptions {
  std::string file;
};
struct EntitlementListOptions : ListOptions {
  std::string virtual_account;
  std::string tag;
};

// Keys as in the import file, so that a list can be edited and imported.
const RowSpec<Entitlement>& EntitlementSpec() {
  using K = CellKind;
  using R = Entitlement;
  static const auto* spec = new RowSpec<R>{
      {"entitlement_id", "Entitlement", K::kText, [](const R& r) { return Json(r.entitlement_id()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"quantity", "Quantity", K::kCount, [](const R& r) { return Json(r.quantity()); }},
      {"term", "Term", K::kText, [](const R& r) { return EnumWord(r.term()); }},
      {"start", "Start", K::kTime, [](const R& r) { return TimeJson(r.has_start_time(), r.start_time()); }},
      {"end", "End", K::kTime, [](const R& r) { return TimeJson(r.has_end_time(), r.end_time()); }},
      {"subscription_id", "Subscription", K::kText,
       [](const R& r) { return TextOrNull(r.subscription_id()); }},
      {"order_id", "Order", K::kText, [](const R& r) { return TextOrNull(r.order_id()); }},
      {"overage_quantity", "Overage", K::kCount, [](const R& r) { return Json(r.overage_quantity()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Import(Invocation& invocation, const EntitlementImportOptions& options) {
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto rows, ReadEntitlements(text));
  return SendRows<Entitlement>(invocation, rows, kBatchRows, [&](size_t begin, size_t end) {
    ledger::v1::ImportEntitlementsRequest request;
    request.set_smart_account(invocation.options.smart_account);
    request.set_request_id(NewRequestId());
    for (size_t i = begin; i < end; ++i) *request.add_entitlements() = rows.rows[i];
    return invocation.Call<EntitlementService>(&EntitlementService::Stub::ImportEntitlements, request);
  });
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const EntitlementListOptions& options) {
  ledger::v1::ListEntitlementsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_tag(options.tag);
  return ListRows<EntitlementService>(
      invocation, {"entitlements", ""}, EntitlementSpec(), &EntitlementService::Stub::ListEntitlements,
      request, [](const auto& page) -> const auto& { return page.entitlements(); }, options.limit);
}

}  // namespace

void AddEntitlementCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "entitlement", "Purchased rights: import, list");
  auto import_leaf = AddLeaf<EntitlementImportOptions>(
      group, "import", "Book purchased rights (CSV or JSON); rows stand alone", invocation, Import);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "CSV or JSON; - is standard input")
      ->required();
  auto list = AddLeaf<EntitlementListOptions>(group, "list", "Purchased rights", invocation, List);
  list.app.add_option("--virtual-account", list.options->virtual_account, "Only of this one");
  list.app.add_option("--tag", list.options->tag, "Only of this entitlement tag");
  AddLimit(list.app, *list.options);
}

}  // namespace quartermaster::qmctl
