// usage import
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/qmctl/commands/usage.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/progress_bar.h"
#include "clients/usage_import/usage_import.h"
#include "services/common/errors/error.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using client::ByteSource;
using client::UsageImportOutcome;
using ingest::v1::ImportTotals;
using ingest::v1::ReportResult;

// Up to this size every report is listed; above, only those that were not accepted.
constexpr int64_t kListAllBytesMax = 8 << 20;

struct ImportOptions {
  std::vector<std::string> files;
  std::string virtual_account;
};

// Whether the node came as far as the identity. A report id may be 0, but never stands alone.
bool WasRead(const ReportResult& result) {
  return result.report_id() != 0 || !result.entitlement_tag().empty();
}

// Of a report that was refused while it was read nothing is known about its measurements.
bool WasMeasured(const ReportResult& result) {
  return result.outcome() != ReportResult::OUTCOME_REJECTED || result.measurement_count() > 0;
}

const RowSpec<ReportResult>& ResultSpec() {
  using K = CellKind;
  using R = ReportResult;
  static const auto* spec = new RowSpec<ReportResult>{
      {"outcome", "Outcome", K::kText, [](const R& r) { return EnumWord(r.outcome()); }},
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return TextOrNull(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return TextOrNull(r.udi().serial_number()); }},
      {"entitlement_tag", "Tag", K::kText, [](const R& r) { return TextOrNull(r.entitlement_tag()); }},
      {"report_id", "Report", K::kNumber,
       [](const R& r) { return WasRead(r) ? Json(r.report_id()) : Json(nullptr); }},
      {"verification", "Verification", K::kText, [](const R& r) { return EnumWord(r.verification()); }},
      {"measurement_count", "Measurements", K::kCount,
       [](const R& r) { return WasMeasured(r) ? Json(r.measurement_count()) : Json(nullptr); }},
      {"in_use", "In use", K::kCount,
       [](const R& r) { return WasMeasured(r) ? Json(r.in_use()) : Json(nullptr); }},
      {"received_at", "Received", K::kTime,
       [](const R& r) { return TimeJson(r.has_received_at(), r.received_at()); }},
      {"name", "", K::kText, [](const R& r) { return TextOrNull(r.name()); }},
      {"reason", "", K::kText, [](const R& r) { return TextOrNull(r.reason()); }},
      {"message", "", K::kText, [](const R& r) { return TextOrNull(r.message()); }},
      {"", "Problem", K::kText,
       [](const R& r) { return r.reason().empty() ? Json(nullptr) : Json(r.reason() + ": " + r.message()); }},
      {"offset", "", K::kNumber, [](const R& r) { return Json(r.offset()); }},
  };
  return *spec;
}

Json TotalsJson(const ImportTotals& totals) {
  return {{"accepted", totals.accepted()},
          {"duplicate", totals.duplicate()},
          {"conflict", totals.conflict()},
          {"rejected", totals.rejected()},
          {"bytes_done", totals.bytes_done()}};
}

int64_t Answered(const ImportTotals& totals) {
  return totals.accepted() + totals.duplicate() + totals.conflict() + totals.rejected();
}

std::string TotalsLine(const std::string& file, const ImportTotals& totals) {
  const auto count = [](int64_t value) { return TableText(CellKind::kCount, value); };
  return absl::StrCat(file, ": ", count(totals.accepted()), " accepted, ", count(totals.duplicate()),
                      " duplicate, ", count(totals.conflict()), " conflict, ", count(totals.rejected()),
                      " rejected");
}

struct FileError {
  std::string reason;
  std::string message;
  int64_t offset = -1;
};

Json OffsetJson(const FileError& error) {
  return error.reason.empty() || error.offset < 0 ? Json(nullptr) : Json(error.offset);
}

// What became of a file as a whole.
struct FileAnswer {
  ImportTotals totals;
  FileError error;
  int attempts = 1;
};

// In CSV the line of the file itself: it has no outcome.
const RowSpec<FileAnswer>& FileSpec() {
  using K = CellKind;
  using R = FileAnswer;
  static const auto* spec = new RowSpec<R>{
      {"reason", "", K::kText, [](const R& r) { return TextOrNull(r.error.reason); }},
      {"message", "", K::kText, [](const R& r) { return TextOrNull(r.error.message); }},
      {"offset", "", K::kNumber, [](const R& r) { return OffsetJson(r.error); }},
      {"accepted", "", K::kCount, [](const R& r) { return Json(r.totals.accepted()); }},
      {"duplicate", "", K::kCount, [](const R& r) { return Json(r.totals.duplicate()); }},
      {"conflict", "", K::kCount, [](const R& r) { return Json(r.totals.conflict()); }},
      {"rejected", "", K::kCount, [](const R& r) { return Json(r.totals.rejected()); }},
      {"bytes_done", "", K::kNumber, [](const R& r) { return Json(r.totals.bytes_done()); }},
  };
  return *spec;
}

Json ErrorJson(const FileError& error) {
  if (error.reason.empty()) return nullptr;
  return {{"reason", error.reason}, {"message", error.message}, {"offset", OffsetJson(error)}};
}

// Imports one file and prints its part of the document.
class FileImport {
 public:
  FileImport(Invocation& invocation, const ImportOptions& options, std::string file)
      : invocation_(invocation), options_(options), file_(std::move(file)) {}

  ExitCode Run() {
    Output& output = invocation_.output();
    output.Begin();
    output.Field("file", file_);
    auto outcome = Import();
    CloseRows();
    FileAnswer answer;
    ExitCode code = ExitCode::kOk;
    if (outcome.ok()) {
      const auto& summary = outcome->summary;
      answer = {summary.totals(), {summary.reason(), summary.message(), summary.offset()}, outcome->attempts};
      const bool refused = summary.totals().conflict() + summary.totals().rejected() > 0;
      if (refused || !summary.reason().empty()) code = ExitCode::kRefused;
    } else {
      answer.error = {errors::ErrorId(outcome.status()), std::string(outcome.status().message()), -1};
      code = ExitCodeFor(outcome.status());
    }
    PrintWhole(answer);
    output.End();
    Tell(answer);
    return code;
  }

 private:
  // JSON has the totals and the error as objects of their own.
  void PrintWhole(const FileAnswer& answer) {
    Output& output = invocation_.output();
    if (output.format() == OutputFormat::kCsv) {
      output.Figures(FileSpec(), answer);
      return;
    }
    output.Field("totals", TotalsJson(answer.totals));
    output.Field("error", ErrorJson(answer.error));
  }

  absl::StatusOr<UsageImportOutcome> Import() {
    ASSIGN_OR_RETURN(const auto node, invocation_.Node());
    ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::Open(file_));
    const Streams& streams = invocation_.streams();
    ProgressBar bar(streams.err, streams.err_is_terminal, file_, source->size());
    client::UsageImportOptions import_options;
    import_options.smart_account = invocation_.options.smart_account;
    import_options.virtual_account = options_.virtual_account;
    import_options.list_accepted = source->size() > 0 && source->size() <= kListAllBytesMax;
    // Somebody who runs a large import again wants to see what is wrong, not a million duplicates.
    const bool hide_duplicates =
        !import_options.list_accepted && invocation_.output().format() == OutputFormat::kTable;
    import_options.on_result = [&](const ReportResult& result) {
      if (hide_duplicates && result.outcome() == ReportResult::OUTCOME_DUPLICATE) return;
      OpenRows();
      invocation_.output().AddRow(ResultSpec(), result);
    };
    import_options.on_progress = [&](const ImportTotals& totals) {
      bar.Show(totals.bytes_done(), Answered(totals));
    };
    return client::ImportUsage(*node, *source, import_options);
  }

  void OpenRows() {
    if (rows_open_) return;
    rows_open_ = true;
    invocation_.output().BeginRows({"reports", ""}, ResultSpec(), FileSpec());
  }

  // An empty list stands in JSON and CSV; a table without rows would only be noise.
  void CloseRows() {
    if (!rows_open_ && invocation_.output().format() == OutputFormat::kTable) return;
    OpenRows();
    invocation_.output().EndRows();
  }

  void Tell(const FileAnswer& answer) {
    const Streams& streams = invocation_.streams();
    const auto& [totals, error, attempts] = answer;
    invocation_.output().Note(TotalsLine(file_, totals));
    if (attempts > 1) {
      streams.err << "qmctl: " << file_ << ": the connection broke and the file was sent again (" << attempts
                  << " attempts); what came in before may be counted as duplicate\n";
    }
    if (error.reason.empty()) return;
    std::string message = absl::StrCat(file_, ": ", error.reason, ": ", error.message);
    if (error.offset >= 0 && !absl::StrContains(error.message, absl::StrCat(error.offset))) {
      absl::StrAppend(&message, " (at byte ", error.offset, ")");
    }
    streams.err << "qmctl: " << message << '\n';
  }

  Invocation& invocation_;
  const ImportOptions& options_;
  const std::string file_;
  bool rows_open_ = false;
};

absl::StatusOr<ExitCode> Import(Invocation& invocation, const ImportOptions& options) {
  RETURN_IF_ERROR(invocation.Node().status());
  ExitCode worst = ExitCode::kOk;
  invocation.output().BeginDocuments("files");
  for (const std::string& file : options.files) {
    worst = std::max(worst, FileImport(invocation, options, file).Run());
    // The node is away: the next file would only wait as long again.
    if (worst == ExitCode::kUnreachable) break;
  }
  invocation.output().EndDocuments();
  return worst;
}

}  // namespace

void AddUsageImportCommand(CLI::App& usage, Invocation& invocation) {
  auto leaf = AddLeaf<ImportOptions>(usage, "import", "Import usage files of any size; safe to run again",
                                     invocation, Import);
  leaf.app.add_option("FILE", leaf.options->files, "Usage files; - is standard input")
      ->required()
      ->type_name("");
  leaf.app.add_option("--virtual-account", leaf.options->virtual_account,
                      "Home for product instances that are not known yet");
}

}  // namespace quartermaster::qmctl
