// ack export, ack poll
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using authority::v1::Acknowledgement;
using authority::v1::AcknowledgementService;
using authority::v1::PollAcknowledgementsResponse;

struct ExportOptions {
  std::string udi;
  std::string file;
};
struct PollOptions {
  int64_t poll_id = 0;
  std::string folder;
  bool wait = false;
};

const RowSpec<Acknowledgement>& AcknowledgementSpec() {
  using K = CellKind;
  using R = Acknowledgement;
  static const auto* spec = new RowSpec<R>{
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"sequence", "Sequence", K::kNumber, [](const R& r) { return Json(r.sequence()); }},
      {"issued_at", "Issued", K::kTime,
       [](const R& r) { return TimeJson(r.has_issued_at(), r.issued_at()); }},
      {"acknowledged_reports", "Reports", K::kCount,
       [](const R& r) { return Json(r.acknowledged_reports()); }},
      {"bytes", "Size", K::kBytes, [](const R& r) { return Json(r.smart_license().size()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Export(Invocation& invocation, const ExportOptions& options) {
  authority::v1::GetAcknowledgementRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  ASSIGN_OR_RETURN(
      const Acknowledgement answer,
      invocation.Call<AcknowledgementService>(&AcknowledgementService::Stub::GetAcknowledgement, request));
  if (options.file == "-") {
    invocation.streams().out << answer.smart_license();
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(options.file, answer.smart_license()));
  Output& output = invocation.output();
  output.Begin();
  output.Field("file", options.file);
  output.Record(AcknowledgementSpec(), answer);
  output.End();
  return ExitCode::kOk;
}

// A UDI comes from devices: nothing of it may become a path.
std::string FileNameFor(const Acknowledgement& acknowledgement) {
  std::string name =
      absl::StrCat("ACK_", acknowledgement.udi().product_id(), "_", acknowledgement.udi().serial_number(),
                   "_", acknowledgement.sequence(), ".xml");
  for (char& c : name) {
    const bool plain = absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
    if (!plain) c = '_';
  }
  return name;
}

absl::StatusOr<PollAcknowledgementsResponse> Poll(Invocation& invocation, const PollOptions& options) {
  authority::v1::PollAcknowledgementsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_poll_id(options.poll_id);
  const absl::Time deadline = absl::Now() + absl::Seconds(invocation.options.timeout_s);
  while (true) {
    ASSIGN_OR_RETURN(PollAcknowledgementsResponse answer,
                     invocation.Call<AcknowledgementService>(
                         &AcknowledgementService::Stub::PollAcknowledgements, request));
    const bool complete = answer.status() == PollAcknowledgementsResponse::STATUS_COMPLETE;
    if (complete || !options.wait || absl::Now() >= deadline) return answer;
    absl::SleepFor(absl::Seconds(1));
  }
}

absl::StatusOr<ExitCode> PollAndPrint(Invocation& invocation, const PollOptions& options) {
  ASSIGN_OR_RETURN(const PollAcknowledgementsResponse answer, Poll(invocation, options));
  if (!options.folder.empty()) {
    for (const Acknowledgement& acknowledgement : answer.acknowledgements()) {
      RETURN_IF_ERROR(client::WriteFileAtomically(
          absl::StrCat(options.folder, "/", FileNameFor(acknowledgement)), acknowledgement.smart_license()));
    }
  }
  Output& output = invocation.output();
  output.Begin();
  const bool complete = answer.status() == PollAcknowledgementsResponse::STATUS_COMPLETE;
  output.Field("status", EnumWord(answer.status()));
  output.Field("poll_interval_s", answer.poll_interval_s());
  Json vendor = Json::array();
  for (const auto& udi : answer.vendor_acknowledgement_required()) vendor.push_back(UdiText(udi));
  output.Field("vendor_acknowledgement_required", vendor);
  output.BeginRows({"acknowledgements", ""}, AcknowledgementSpec());
  for (const auto& row : answer.acknowledgements()) output.AddRow(AcknowledgementSpec(), row);
  output.EndRows();
  for (const auto& udi : answer.vendor_acknowledgement_required()) {
    output.Note(absl::StrCat(UdiText(udi), ": only its vendor can acknowledge"));
  }
  output.Note(complete ? "complete: nothing more will come" : "not complete yet: poll again");
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddAcknowledgementCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "ack", "Acknowledgements for product instances");
  auto leaf = AddLeaf<ExportOptions>(
      group, "export", "Write the current acknowledgement file of a product instance", invocation, Export);
  leaf.app.add_option("--product-instance", leaf.options->udi, "PID:SN")->required();
  leaf.app
      .add_option("-o,--file", leaf.options->file,
                  "Where the file goes; - is standard output (here -o is no format)")
      ->required();

  auto poll = AddLeaf<PollOptions>(group, "poll", "What is ready for a submission's poll id", invocation,
                                   PollAndPrint);
  poll.app.add_option("POLL_ID", poll.options->poll_id, "From the submission's answer")->required();
  poll.app.add_option("--folder", poll.options->folder, "Write the acknowledgement files there");
  poll.app.add_flag("--wait", poll.options->wait, "Until complete, at most --timeout");
}

}  // namespace quartermaster::qmctl
