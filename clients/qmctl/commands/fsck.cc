// fsck
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/finding_stream.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/ledger/v1/books.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::BooksService;
using ledger::v1::CheckBooksRequest;
using ledger::v1::CheckBooksResponse;

const RowSpec<CheckBooksResponse::Done>& TotalsSpec() {
  using K = CellKind;
  using R = CheckBooksResponse::Done;
  static const auto* spec = new RowSpec<R>{
      {"reports_checked", "", K::kCount, [](const R& r) { return Json(r.reports_checked()); }},
      {"positions_checked", "", K::kCount, [](const R& r) { return Json(r.positions_checked()); }},
      {"entries_checked", "", K::kCount, [](const R& r) { return Json(r.entries_checked()); }},
      {"blocks_checked", "", K::kCount, [](const R& r) { return Json(r.blocks_checked()); }},
      {"finding_count", "", K::kCount, [](const R& r) { return Json(r.findings()); }},
  };
  return *spec;
}

std::vector<std::string> Notes(const CheckBooksResponse::Done& totals) {
  const auto count = [](int64_t value) { return TableText(CellKind::kCount, value); };
  return {absl::StrCat("checked ", count(totals.reports_checked()), " reports, ",
                       count(totals.positions_checked()), " positions, ", count(totals.entries_checked()),
                       " entries, ", count(totals.blocks_checked()), " blocks: ",
                       totals.findings() == 0 ? "the books are clean"
                                              : absl::StrCat(count(totals.findings()), " differences"))};
}

absl::StatusOr<ExitCode> Fsck(Invocation& invocation, const NoOptions&) {
  return FindingStream<CheckBooksResponse>(invocation,
                                           {.what = "the check",
                                            .start =
                                                [](BooksService::Stub& stub, grpc::ClientContext& context) {
                                                  return stub.CheckBooks(&context, CheckBooksRequest());
                                                },
                                            .totals = TotalsSpec(),
                                            .notes = Notes})
      .Run();
}

}  // namespace

void AddFsckCommand(CLI::App& app, Invocation& invocation) {
  AddLeaf<NoOptions>(app, "fsck", "Check the books from the stored reports up; 1 on any difference",
                     invocation, Fsck);
}

}  // namespace quartermaster::qmctl
