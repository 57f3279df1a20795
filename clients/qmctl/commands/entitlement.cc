// entitlement import, list, transfer, reverse; entitlement_terms.cc has the others
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/entitlement_figures.h"
#include "clients/qmctl/commands/entitlement_import.h"
#include "clients/qmctl/commands/entitlement_terms.h"
#include "clients/qmctl/commands/import_answer.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/entitlements.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::Entitlement;
using ledger::v1::EntitlementService;
using ledger::v1::Movement;

// Rows of one request: far below the limit of a message.
constexpr size_t kBatchRows = 1000;

struct EntitlementImportOptions {
  std::string file;
};
struct EntitlementListOptions : ListOptions {
  std::string virtual_account;
  std::string tag;
  bool usage = false;
  FigureTimeOptions times;
};

struct EntitlementTransferOptions {
  std::string tag, from, to, term, entitlement_id;
  int64_t quantity = 0;
};
struct EntitlementReverseOptions {
  int64_t movement_id = 0;
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
  return BookEntitlements(invocation, rows);
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const EntitlementListOptions& options) {
  if (options.usage || options.times.given()) {
    return ListEntitlementFigures(invocation,
                                  {options.virtual_account, options.tag, options.times, options.limit});
  }
  ledger::v1::ListEntitlementsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_tag(options.tag);
  return ListRows<EntitlementService>(
      invocation, {"entitlements", ""}, EntitlementSpec(), &EntitlementService::Stub::ListEntitlements,
      request, [](const auto& page) -> const auto& { return page.entitlements(); }, options.limit);
}

const RowSpec<Movement::Quantity>& QuantitySpec() {
  using K = CellKind;
  using R = Movement::Quantity;
  static const auto* spec = new RowSpec<R>{
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"entitlement_id", "Entitlement", K::kText, [](const R& r) { return Json(r.entitlement_id()); }},
      {"from_virtual_account", "From", K::kText,
       [](const R& r) { return TextOrNull(r.from_virtual_account()); }},
      {"to_virtual_account", "To", K::kText, [](const R& r) { return TextOrNull(r.to_virtual_account()); }},
      {"quantity", "Quantity", K::kCount, [](const R& r) { return Json(r.quantity()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Transfer(Invocation& invocation, const EntitlementTransferOptions& options) {
  ledger::v1::TransferEntitlementsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  ledger::v1::EntitlementTransfer& line = *request.add_transfers();
  line.set_tag(options.tag);
  line.set_from_virtual_account(options.from);
  line.set_to_virtual_account(options.to);
  line.set_quantity(options.quantity);
  line.set_entitlement_id(options.entitlement_id);
  if (options.term == "perpetual") line.set_term(ledger::v1::TERM_PERPETUAL);
  if (options.term == "subscription") line.set_term(ledger::v1::TERM_SUBSCRIPTION);
  ASSIGN_OR_RETURN(const Movement movement, invocation.Call<EntitlementService>(
                                                &EntitlementService::Stub::TransferEntitlements, request));
  return ShowMovement(invocation, movement);
}

absl::StatusOr<ExitCode> Reverse(Invocation& invocation, const EntitlementReverseOptions& options) {
  ledger::v1::ReverseMovementRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  request.set_movement_id(options.movement_id);
  ASSIGN_OR_RETURN(const Movement movement,
                   invocation.Call<EntitlementService>(&EntitlementService::Stub::ReverseMovement, request));
  return ShowMovement(invocation, movement);
}

}  // namespace

absl::StatusOr<ExitCode> BookEntitlements(Invocation& invocation, const ImportRows<Entitlement>& rows) {
  return SendRows<Entitlement>(invocation, rows, kBatchRows, [&](size_t begin, size_t end) {
    ledger::v1::ImportEntitlementsRequest request;
    request.set_smart_account(invocation.options.smart_account);
    request.set_request_id(NewRequestId());
    for (size_t i = begin; i < end; ++i) *request.add_entitlements() = rows.rows[i];
    return invocation.Call<EntitlementService>(&EntitlementService::Stub::ImportEntitlements, request);
  });
}

ExitCode ShowMovement(Invocation& invocation, const Movement& movement) {
  Output& output = invocation.output();
  output.Begin();
  output.Field("movement_id", Json(movement.movement_id()));
  output.BeginRows({"quantities", ""}, QuantitySpec());
  for (const Movement::Quantity& quantity : movement.quantities()) output.AddRow(QuantitySpec(), quantity);
  output.EndRows();
  output.Note(absl::StrCat("movement ", movement.movement_id(), "; undo it with: qmctl entitlement reverse ",
                           movement.movement_id()));
  output.End();
  return ExitCode::kOk;
}

void AddEntitlementCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group =
      AddGroup(app, "entitlement", "Purchased rights: import, list, transfer, correct, reverse");
  auto import_leaf = AddLeaf<EntitlementImportOptions>(
      group, "import", "Book purchased rights (CSV or JSON); rows stand alone", invocation, Import);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "CSV or JSON; - is standard input")
      ->required();
  auto list = AddLeaf<EntitlementListOptions>(group, "list", "Purchased rights", invocation, List);
  list.app.add_option("--virtual-account", list.options->virtual_account, "Only of this one");
  list.app.add_option("--tag", list.options->tag, "Only of this entitlement tag");
  list.app.add_flag("--usage", list.options->usage,
                    "What of each lies where now, and what of it is consumed");
  AddFigureTimes(list.app, list.options->times);
  AddLimit(list.app, *list.options);
  auto transfer = AddLeaf<EntitlementTransferOptions>(
      group, "transfer", "Move rights from one Virtual Account to another, all or nothing", invocation,
      Transfer);
  transfer.app.add_option("--tag", transfer.options->tag, "Entitlement tag")->required();
  transfer.app.add_option("--from", transfer.options->from, "Virtual Account that gives")->required();
  transfer.app.add_option("--to", transfer.options->to, "Virtual Account that gets")->required();
  transfer.app.add_option("--quantity", transfer.options->quantity, "How many")->required();
  transfer.app.add_option("--term", transfer.options->term, "Only perpetual or only subscription")
      ->check(CLI::IsMember({"perpetual", "subscription"}));
  transfer.app.add_option("--entitlement", transfer.options->entitlement_id, "Only of this right");
  auto reverse = AddLeaf<EntitlementReverseOptions>(
      group, "reverse", "Undo a transfer or a correction by a movement back", invocation, Reverse);
  reverse.app.add_option("MOVEMENT", reverse.options->movement_id, "Number that the transfer answered")
      ->required();
  AddTermsCommands(group, invocation);
}

}  // namespace quartermaster::qmctl
