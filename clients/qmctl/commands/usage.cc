// usage list, usage show
#include "clients/qmctl/commands/usage.h"

#include <memory>

#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ingest::v1::ReportSummary;
using ingest::v1::UsageService;
using Measurement = ingest::v1::Report::Measurement;

struct UsageListOptions : ListOptions {
  std::string product_instance;
  std::string tag;
};

struct UsageShowOptions {
  std::string name;
  std::string raw_file;
};

const RowSpec<ReportSummary>& SummarySpec() {
  using K = CellKind;
  using R = ReportSummary;
  static const auto* spec = new RowSpec<ReportSummary>{
      {"name", "Name", K::kText, [](const R& r) { return Json(r.name()); }},
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"entitlement_tag", "Tag", K::kText, [](const R& r) { return Json(r.entitlement_tag()); }},
      {"report_id", "Report", K::kNumber, [](const R& r) { return Json(r.report_id()); }},
      {"verification", "Verification", K::kText, [](const R& r) { return EnumWord(r.verification()); }},
      {"progress", "Progress", K::kText, [](const R& r) { return EnumWord(r.progress()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
      {"measurement_count", "Measurements", K::kCount,
       [](const R& r) { return Json(r.measurement_count()); }},
      {"start_time", "From", K::kTime,
       [](const R& r) { return TimeJson(r.has_start_time(), r.start_time()); }},
      {"end_time", "To", K::kTime, [](const R& r) { return TimeJson(r.has_end_time(), r.end_time()); }},
      {"received_at", "Received", K::kTime,
       [](const R& r) { return TimeJson(r.has_received_at(), r.received_at()); }},
      {"clock_suspect", "Suspect", K::kFlag, [](const R& r) { return Json(r.clock_suspect()); }},
      {"stored_bytes", "Stored", K::kBytes, [](const R& r) { return Json(r.stored_bytes()); }},
  };
  return *spec;
}

const RowSpec<Measurement>& MeasurementSpec() {
  using K = CellKind;
  using M = Measurement;
  static const auto* spec = new RowSpec<Measurement>{
      {"start_time", "From", K::kTime,
       [](const M& m) { return TimeJson(m.has_start_time(), m.start_time()); }},
      {"end_time", "To", K::kTime, [](const M& m) { return TimeJson(m.has_end_time(), m.end_time()); }},
      {"log_time", "Logged", K::kTime, [](const M& m) { return TimeJson(m.has_log_time(), m.log_time()); }},
      {"metric_name", "Metric", K::kText, [](const M& m) { return Json(m.metric_name()); }},
      {"count", "Count", K::kCount, [](const M& m) { return Json(m.count()); }},
      {"termination_reason", "Termination", K::kText,
       [](const M& m) { return TextOrNull(m.termination_reason()); }},
      {"close_reason", "Close", K::kText, [](const M& m) { return TextOrNull(m.close_reason()); }},
      {"clock_suspect", "Suspect", K::kFlag, [](const M& m) { return Json(m.clock_suspect()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const UsageListOptions& options) {
  ingest::v1::ListReportsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_entitlement_tag(options.tag);
  if (!options.product_instance.empty()) {
    ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.product_instance));
    request.set_product_id(udi.product_id());
    request.set_serial_number(udi.serial_number());
  }
  return ListRows<UsageService>(
      invocation, {"reports", ""}, SummarySpec(), &UsageService::Stub::ListReports, request,
      [](const auto& page) -> const auto& { return page.reports(); }, options.limit);
}

absl::StatusOr<ExitCode> Show(Invocation& invocation, const UsageShowOptions& options) {
  ingest::v1::GetReportRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_name(options.name);
  ASSIGN_OR_RETURN(const ingest::v1::Report report,
                   invocation.Call<UsageService>(&UsageService::Stub::GetReport, request));
  if (options.raw_file == "-") {
    invocation.streams().out << report.raw();
    return ExitCode::kOk;
  }
  if (!options.raw_file.empty()) {
    RETURN_IF_ERROR(client::WriteFileAtomically(options.raw_file, report.raw()));
  }
  Output& output = invocation.output();
  output.Begin();
  output.Field("software_version", TextOrNull(report.software_version()));
  output.Field("payload_sha256", report.payload_sha256());
  output.Record(SummarySpec(), report.summary());
  output.BeginRows({"measurements", "Measurements", /*main=*/false}, MeasurementSpec());
  for (const Measurement& measurement : report.measurements()) {
    output.AddRow(MeasurementSpec(), measurement);
  }
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddUsageCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& usage = AddGroup(app, "usage", "Usage reports: import, list, show");
  AddUsageImportCommand(usage, invocation);

  auto list = AddLeaf<UsageListOptions>(usage, "list", "Stored reports, newest first", invocation, List);
  list.app.add_option("--product-instance", list.options->product_instance, "Only of PID:SN");
  list.app.add_option("--tag", list.options->tag, "Only of this entitlement tag");
  AddLimit(list.app, *list.options);

  auto show = AddLeaf<UsageShowOptions>(usage, "show", "One stored report", invocation, Show);
  show.app.add_option("NAME", show.options->name, "As `usage list` names it")->required();
  show.app.add_option("--raw", show.options->raw_file,
                      "Write the report's bytes as they came to this file; - prints nothing else");
}

}  // namespace quartermaster::qmctl
