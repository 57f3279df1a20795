// A check of the node's books that streams its findings: `fsck` and `ledger verify`.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_FINDING_STREAM_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_FINDING_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/output/text_width.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/ledger/v1/books.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {

// Prints findings as they come, then the totals. Response: findings with rule, subject, got and want,
// progress, and at the end done, with findings().
template <typename Response>
class FindingStream {
 public:
  using Totals = typename Response::Done;
  using Stub = ledger::v1::BooksService::Stub;
  struct Check {
    // "the check", for errors.
    const char* what;
    std::function<std::unique_ptr<grpc::ClientReader<Response>>(Stub&, grpc::ClientContext&)> start;
    const RowSpec<Totals>& totals;
    // For people, a line each.
    std::function<std::vector<std::string>(const Totals&)> notes;
  };

  FindingStream(Invocation& invocation, Check check) : invocation_(invocation), check_(std::move(check)) {}

  // kRefused on any finding.
  absl::StatusOr<ExitCode> Run() {
    ASSIGN_OR_RETURN(const auto node, invocation_.Node());
    const auto stub = ledger::v1::BooksService::NewStub(node->channel());
    RETURN_IF_ERROR(
        node->CallStream([&](grpc::ClientContext& context, bool&) { return Attempt(*stub, context); }));
    if (!done_) {
      return client::AnswerMalformed(absl::StrCat(check_.what, " ended without saying that it is done"));
    }
    return Finish();
  }

 private:
  using Finding = typename Response::Finding;

  static const RowSpec<Finding>& FindingSpec() {
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

  grpc::Status Attempt(Stub& stub, grpc::ClientContext& context) {
    const auto reader = check_.start(stub, context);
    Response response;
    while (reader->Read(&response)) Take(response);
    ClearProgress();
    const grpc::Status status = reader->Finish();
    // A second attempt would tell the findings again.
    if (!status.ok() && findings_ > 0) {
      return {grpc::StatusCode::INTERNAL, absl::StrCat(check_.what, " broke off after ", findings_,
                                                       " findings: ", status.error_message())};
    }
    return status;
  }

  void Take(const Response& response) {
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
    output.Figures(check_.totals, totals_);
    for (const std::string& note : check_.notes(totals_)) output.Note(note);
    output.End();
    const bool clean = findings_ == 0 && totals_.findings() == 0;
    return clean ? ExitCode::kOk : ExitCode::kRefused;
  }

  void OpenRows() {
    if (rows_open_) return;
    rows_open_ = true;
    invocation_.output().Begin();
    invocation_.output().BeginRows({"findings", ""}, FindingSpec(), check_.totals);
  }

  void ClearProgress() {
    if (progress_shown_) invocation_.streams().err << "\r\x1b[K" << std::flush;
    progress_shown_ = false;
  }

  Invocation& invocation_;
  const Check check_;
  Totals totals_;
  int64_t findings_ = 0;
  bool done_ = false;
  bool rows_open_ = false;
  bool progress_shown_ = false;
};

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_FINDING_STREAM_H_
