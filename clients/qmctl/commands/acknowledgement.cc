// ack export, ack poll
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "clients/acknowledgement_poll/acknowledgement_poll.h"
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

// A UDI comes from devices: nothing of it may become a path, and no two share a name. As in URLs, what is not
// plain is written %XX; so is the underscore, which separates.
std::string InFileName(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool plain = absl::ascii_isalnum(c) || c == '-' || c == '.';
    absl::StrAppend(&name, plain ? std::string(1, c) : absl::StrFormat("%%%02X", static_cast<uint8_t>(c)));
  }
  return name;
}

std::string FileNameFor(const Acknowledgement& acknowledgement) {
  return absl::StrCat("ACK_", InFileName(acknowledgement.udi().product_id()), "_",
                      InFileName(acknowledgement.udi().serial_number()), "_", acknowledgement.sequence(),
                      ".xml");
}

// What all pages say together, beside the acknowledgements.
struct PollAnswer {
  client::PollEnd end;
  std::vector<std::string> vendor_acknowledgement_required;
};

const RowSpec<PollAnswer>& PollSpec() {
  using K = CellKind;
  using R = PollAnswer;
  static const auto* spec = new RowSpec<R>{
      {"status", "", K::kText, [](const R& r) { return Json(r.end.complete ? "complete" : "poll"); }},
      {"poll_interval_s", "", K::kNumber, [](const R& r) { return Json(r.end.poll_interval_s); }},
      {"vendor_acknowledgement_required", "", K::kList,
       [](const R& r) { return Json(r.vendor_acknowledgement_required); }},
  };
  return *spec;
}

// Prints the pages of one poll as they come, and keeps their files.
class PollDocument {
 public:
  PollDocument(Output& output, const std::string& folder) : output_(output), folder_(folder) {}

  absl::Status Take(const PollAcknowledgementsResponse& page) {
    Open();
    for (const Acknowledgement& acknowledgement : page.acknowledgements()) {
      if (!folder_.empty()) {
        RETURN_IF_ERROR(client::WriteFileAtomically(absl::StrCat(folder_, "/", FileNameFor(acknowledgement)),
                                                    acknowledgement.smart_license()));
      }
      output_.AddRow(AcknowledgementSpec(), acknowledgement);
    }
    for (const auto& udi : page.vendor_acknowledgement_required()) {
      answer_.vendor_acknowledgement_required.push_back(UdiText(udi));
    }
    return absl::OkStatus();
  }

  // Whether anything was printed: then it must be closed, whatever happened since.
  bool is_open() const { return open_; }

  void Close(const client::PollEnd& end) {
    answer_.end = end;
    output_.EndRows();
    output_.Figures(PollSpec(), answer_);
    for (const std::string& udi : answer_.vendor_acknowledgement_required) {
      output_.Note(absl::StrCat(udi, ": only its vendor can acknowledge"));
    }
    output_.Note(end.complete ? "complete: nothing more will come" : "not complete yet: poll again");
    output_.End();
  }

 private:
  void Open() {
    if (open_) return;
    open_ = true;
    output_.Begin();
    output_.BeginRows({"acknowledgements", ""}, AcknowledgementSpec(), PollSpec());
  }

  Output& output_;
  const std::string& folder_;
  PollAnswer answer_;
  bool open_ = false;
};

// Until the submission is complete or the time is over.
absl::Status Wait(const client::NodeConnection& node, const client::AcknowledgementPoll& poll) {
  const absl::Time deadline = absl::Now() + node.patience();
  while (true) {
    ASSIGN_OR_RETURN(const PollAcknowledgementsResponse page, client::FirstPage(node, poll));
    const bool complete = page.status() == PollAcknowledgementsResponse::STATUS_COMPLETE;
    if (complete || absl::Now() >= deadline) return absl::OkStatus();
    absl::SleepFor(absl::Seconds(1));
  }
}

absl::StatusOr<ExitCode> PollAndPrint(Invocation& invocation, const PollOptions& options) {
  ASSIGN_OR_RETURN(const client::NodeConnection* node, invocation.Node());
  const client::AcknowledgementPoll poll = {invocation.options.smart_account, options.poll_id};
  if (options.wait) {
    RETURN_IF_ERROR(Wait(*node, poll));
  }
  PollDocument document(invocation.output(), options.folder);
  const auto end = client::ReadEveryPage(
      *node, poll, [&](const PollAcknowledgementsResponse& page) { return document.Take(page); });
  // What broke off is not complete: polling again brings the rest.
  if (document.is_open()) document.Close(end.ok() ? *end : client::PollEnd{.complete = false});
  RETURN_IF_ERROR(end.status());
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
