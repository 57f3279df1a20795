// fsck
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/output/text_width.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/ledger/v1/books.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::BooksService;
using ledger::v1::CheckBooksRequest;
using ledger::v1::CheckBooksResponse;
using Finding = CheckBooksResponse::Finding;

const RowSpec<Finding>& FindingSpec() {
  using K = CellKind;
  using R = Finding;
  static const auto* spec = new RowSpec<R>{
      {"rule", "Rule", K::kText, [](const R& r) { return Json(r.rule()); }},
      {"subject", "Subject", K::kText, [](const R& r) { return Json(r.subject()); }},
      {"got", "Got", K::kText, [](const R& r) { return Json(r.got()); }},
      {"want", "Want", K::kText, [](const R& r) { return Json(r.want()); }},
  };
  return *spec;
}

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

// Prints the findings of one check as they come.
class BooksCheck {
 public:
  explicit BooksCheck(Invocation& invocation) : invocation_(invocation) {}

  absl::StatusOr<ExitCode> Run() {
    ASSIGN_OR_RETURN(const auto node, invocation_.Node());
    const auto stub = BooksService::NewStub(node->channel());
    RETURN_IF_ERROR(
        node->CallStream([&](grpc::ClientContext& context, bool&) { return Attempt(*stub, context); }));
    if (!done_) return client::AnswerMalformed("the check ended without saying that it is done");
    return Finish();
  }

 private:
  grpc::Status Attempt(BooksService::Stub& stub, grpc::ClientContext& context) {
    const auto reader = stub.CheckBooks(&context, CheckBooksRequest());
    CheckBooksResponse response;
    while (reader->Read(&response)) Take(response);
    ClearProgress();
    const grpc::Status status = reader->Finish();
    // A second attempt would tell the findings again.
    if (!status.ok() && findings_ > 0) {
      return {grpc::StatusCode::INTERNAL,
              absl::StrCat("the check broke off after ", findings_, " findings: ", status.error_message())};
    }
    return status;
  }

  void Take(const CheckBooksResponse& response) {
    if (response.has_finding()) {
      ClearProgress();
      OpenRows();
      ++findings_;
      invocation_.output().AddRow(FindingSpec(), response.finding());
    } else if (response.has_done()) {
      done_ = true;
      totals_ = response.done();
    } else if (invocation_.streams().err_is_terminal) {
      invocation_.streams().err << "\r\x1b[K" << output::Printable(response.progress()) << std::flush;
      progress_shown_ = true;
    }
  }

  ExitCode Finish() {
    Output& output = invocation_.output();
    if (findings_ > 0 || output.format() != OutputFormat::kTable) {
      OpenRows();
      output.EndRows();
    } else {
      output.Begin();
    }
    output.Figures(TotalsSpec(), totals_);
    const auto count = [](int64_t value) { return TableText(CellKind::kCount, value); };
    output.Note(
        absl::StrCat("checked ", count(totals_.reports_checked()), " reports, ",
                     count(totals_.positions_checked()), " positions, ", count(totals_.entries_checked()),
                     " entries, ", count(totals_.blocks_checked()), " blocks: ",
                     totals_.findings() == 0 ? "the books are clean"
                                             : absl::StrCat(count(totals_.findings()), " differences")));
    output.End();
    const bool clean = findings_ == 0 && totals_.findings() == 0;
    return clean ? ExitCode::kOk : ExitCode::kRefused;
  }

  void OpenRows() {
    if (rows_open_) return;
    rows_open_ = true;
    invocation_.output().Begin();
    invocation_.output().BeginRows({"findings", ""}, FindingSpec(), TotalsSpec());
  }

  void ClearProgress() {
    if (progress_shown_) invocation_.streams().err << "\r\x1b[K" << std::flush;
    progress_shown_ = false;
  }

  Invocation& invocation_;
  CheckBooksResponse::Done totals_;
  int64_t findings_ = 0;
  bool done_ = false;
  bool rows_open_ = false;
  bool progress_shown_ = false;
};

absl::StatusOr<ExitCode> Fsck(Invocation& invocation, const NoOptions&) {
  return BooksCheck(invocation).Run();
}

}  // namespace

void AddFsckCommand(CLI::App& app, Invocation& invocation) {
  AddLeaf<NoOptions>(app, "fsck", "Check the books from the stored reports up; 1 on any difference",
                     invocation, Fsck);
}

}  // namespace quartermaster::qmctl
