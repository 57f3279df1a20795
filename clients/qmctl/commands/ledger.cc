// ledger history, verify
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/finding_stream.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/books.grpc.pb.h"
#include "quartermaster/ledger/v1/history.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::BooksService;
using ledger::v1::HistoryEntry;
using ledger::v1::HistoryService;
using ledger::v1::VerifyLedgerRequest;
using ledger::v1::VerifyLedgerResponse;

struct HistoryOptions : ListOptions {
  std::string virtual_account, tag, entitlement_id, udi, kind, since, until;
  int64_t movement_id = 0;
};
struct VerifyOptions {
  std::string expected_head;
};

const RowSpec<HistoryEntry>& EntrySpec() {
  using K = CellKind;
  using R = HistoryEntry;
  static const auto* spec = new RowSpec<R>{
      {"recorded_at", "Recorded", K::kTime,
       [](const R& r) { return TimeJson(r.has_recorded_at(), r.recorded_at()); }},
      {"effective_at", "Effective", K::kTime,
       [](const R& r) { return TimeJson(r.has_effective_at(), r.effective_at()); }},
      {"movement_id", "Movement", K::kNumber, [](const R& r) { return Json(r.movement_id()); }},
      {"place", "", K::kNumber, [](const R& r) { return Json(r.place()); }},
      {"kind", "Kind", K::kText, [](const R& r) { return EnumWord(r.kind()); }},
      {"tag", "Tag", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"quantity", "Quantity", K::kCount, [](const R& r) { return Json(r.quantity()); }},
      {"from_virtual_account", "From", K::kText,
       [](const R& r) { return TextOrNull(r.from_virtual_account()); }},
      {"from_state", "", K::kText, [](const R& r) { return EnumWord(r.from_state()); }},
      {"to_virtual_account", "To", K::kText, [](const R& r) { return TextOrNull(r.to_virtual_account()); }},
      {"to_state", "State", K::kText, [](const R& r) { return EnumWord(r.to_state()); }},
      {"entitlement_id", "Entitlement", K::kText, [](const R& r) { return TextOrNull(r.entitlement_id()); }},
      {"", "Product instance", K::kText,
       [](const R& r) { return r.has_udi() ? Json(UdiText(r.udi())) : Json(nullptr); }},
      {"product_id", "", K::kText, [](const R& r) { return TextOrNull(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return TextOrNull(r.udi().serial_number()); }},
      {"report", "Report", K::kText, [](const R& r) { return TextOrNull(r.report()); }},
      {"actor", "Actor", K::kText, [](const R& r) { return TextOrNull(r.actor()); }},
      {"request_id", "", K::kText, [](const R& r) { return TextOrNull(r.request_id()); }},
      {"reverses_movement_id", "Undoes", K::kNumber,
       [](const R& r) {
         return r.reverses_movement_id() == 0 ? Json(nullptr) : Json(r.reverses_movement_id());
       }},
  };
  return *spec;
}

absl::Status SetKind(const std::string& word, ledger::v1::ListHistoryRequest& request) {
  const auto* type = ledger::v1::MovementKind_descriptor();
  std::string words;
  for (int i = 1; i < type->value_count(); ++i) {
    const std::string known = EnumWordOf(type, type->value(i)->number()).get<std::string>();
    if (known == word) {
      request.set_kind(static_cast<ledger::v1::MovementKind>(type->value(i)->number()));
      return absl::OkStatus();
    }
    absl::StrAppend(&words, words.empty() ? "" : ", ", known);
  }
  return client::Usage(absl::StrCat("--kind: got '", word, "', want one of ", words));
}

absl::StatusOr<ExitCode> History(Invocation& invocation, const HistoryOptions& options) {
  ledger::v1::ListHistoryRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_tag(options.tag);
  request.set_entitlement_id(options.entitlement_id);
  request.set_movement_id(options.movement_id);
  if (!options.udi.empty()) {
    ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
    request.set_product_id(udi.product_id());
    request.set_serial_number(udi.serial_number());
  }
  if (!options.kind.empty()) {
    RETURN_IF_ERROR(SetKind(options.kind, request));
  }
  if (!options.since.empty()) {
    RETURN_IF_ERROR(SetTime("--since", options.since, false, request.mutable_recorded_from()));
  }
  if (!options.until.empty()) {
    RETURN_IF_ERROR(SetTime("--until", options.until, true, request.mutable_recorded_until()));
  }
  return ListRows<HistoryService>(
      invocation, {"entries", ""}, EntrySpec(), &HistoryService::Stub::ListHistory, request,
      [](const auto& page) -> const auto& { return page.entries(); }, options.limit);
}

const RowSpec<VerifyLedgerResponse::Done>& TotalsSpec() {
  using K = CellKind;
  using R = VerifyLedgerResponse::Done;
  static const auto* spec = new RowSpec<R>{
      {"blocks_checked", "", K::kCount, [](const R& r) { return Json(r.blocks_checked()); }},
      {"entries_checked", "", K::kCount, [](const R& r) { return Json(r.entries_checked()); }},
      {"unsealed_changes", "", K::kCount, [](const R& r) { return Json(r.unsealed_changes()); }},
      {"finding_count", "", K::kCount, [](const R& r) { return Json(r.findings()); }},
      {"head_block_id", "", K::kNumber,
       [](const R& r) { return r.head_block_id() == 0 ? Json(nullptr) : Json(r.head_block_id()); }},
      {"head_block_hash", "", K::kText, [](const R& r) { return TextOrNull(r.head_block_hash()); }},
      {"head_sealed_at", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_head_sealed_at(), r.head_sealed_at()); }},
  };
  return *spec;
}

std::vector<std::string> Notes(const VerifyLedgerResponse::Done& totals) {
  const auto count = [](int64_t value) { return TableText(CellKind::kCount, value); };
  std::vector<std::string> notes = {
      absl::StrCat("verified ", count(totals.blocks_checked()), " blocks, ", count(totals.entries_checked()),
                   " entries; ", count(totals.unsealed_changes()), " changes wait for a block: ",
                   totals.findings() == 0 ? "the ledger stands as it was sealed"
                                          : absl::StrCat(count(totals.findings()), " differences"))};
  if (totals.head_block_id() != 0) {
    notes.push_back(absl::StrCat("head ", totals.head_block_id(), ":", totals.head_block_hash(),
                                 "; note it elsewhere, and compare with --expect-head"));
  }
  return notes;
}

absl::StatusOr<ExitCode> Verify(Invocation& invocation, const VerifyOptions& options) {
  VerifyLedgerRequest request;
  request.set_smart_account(invocation.options.smart_account);
  if (!options.expected_head.empty()) {
    const size_t colon = options.expected_head.find(':');
    int64_t block_id = 0;
    if (colon == std::string::npos || !absl::SimpleAtoi(options.expected_head.substr(0, colon), &block_id) ||
        block_id < 1) {
      return client::Usage(absl::StrCat("--expect-head: got '", options.expected_head,
                                        "', want BLOCK:HASH as a verification printed it"));
    }
    request.set_expected_block_id(block_id);
    request.set_expected_block_hash(options.expected_head.substr(colon + 1));
  }
  return FindingStream<VerifyLedgerResponse>(
             invocation,
             {.what = "the verification",
              .start = [&](BooksService::Stub& stub,
                           grpc::ClientContext& context) { return stub.VerifyLedger(&context, request); },
              .totals = TotalsSpec(),
              .notes = Notes})
      .Run();
}

}  // namespace

void AddLedgerCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "ledger", "What was booked: history, verify");
  auto history = AddLeaf<HistoryOptions>(group, "history", "Entries of the books, the latest first",
                                         invocation, History);
  HistoryOptions& options = *history.options;
  history.app.add_option("--virtual-account", options.virtual_account, "From or to this one");
  history.app.add_option("--tag", options.tag, "Only of this entitlement tag");
  history.app.add_option("--entitlement", options.entitlement_id, "Only of this right");
  history.app.add_option("--product-instance", options.udi, "Only of this one: PID:SN");
  history.app.add_option("--kind", options.kind, "For example purchase, transfer, expiry, reports_applied");
  history.app.add_option("--movement", options.movement_id, "Only this movement");
  history.app.add_option("--since", options.since,
                         "Recorded at or after: a date (its beginning, UTC) or a time");
  history.app.add_option("--until", options.until, "Recorded before: a date (its end, UTC) or a time");
  AddLimit(history.app, options);

  auto verify = AddLeaf<VerifyOptions>(
      group, "verify", "Check the sealed blocks against the rows that they cover; 1 on any difference",
      invocation, Verify);
  verify.app.add_option("--expect-head", verify.options->expected_head,
                        "BLOCK:HASH that was noted elsewhere: it must still be in the chain");
}

}  // namespace quartermaster::qmctl
