// product-instance list, show, import, release
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/import_answer.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::ProductInstance;
using ledger::v1::ProductInstanceService;
using ledger::v1::UsagePosition;

constexpr size_t kBatchRows = 1000;

struct InstanceListOptions : ListOptions {
  std::string virtual_account;
  std::string search;
};
struct InstanceShowOptions {
  std::string udi;
};
struct InstanceImportOptions {
  std::string file;
};
struct ReleaseOptions {
  std::string udi;
  std::string tag;
  bool all_stale = false;
};

Json MembersJson(const ProductInstance& instance) {
  std::vector<std::string> members;
  for (const auto& member : instance.ha_members()) members.push_back(UdiText(member));
  return members;
}

const RowSpec<ProductInstance>& InstanceSpec() {
  using K = CellKind;
  using R = ProductInstance;
  static const auto* spec = new RowSpec<R>{
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"hostname", "Hostname", K::kText, [](const R& r) { return TextOrNull(r.hostname()); }},
      {"software_version", "Version", K::kText, [](const R& r) { return TextOrNull(r.software_version()); }},
      {"reporting_status", "Reporting", K::kText, [](const R& r) { return EnumWord(r.reporting_status()); }},
      {"next_report_due", "Next report due", K::kTime,
       [](const R& r) { return TimeJson(r.has_next_report_due(), r.next_report_due()); }},
      {"first_contact", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_first_contact(), r.first_contact()); }},
      {"last_contact", "Last contact", K::kTime,
       [](const R& r) { return TimeJson(r.has_last_contact(), r.last_contact()); }},
      {"last_acknowledged", "Acknowledged", K::kTime,
       [](const R& r) { return TimeJson(r.has_last_acknowledged(), r.last_acknowledged()); }},
      {"ha_members", "HA set", K::kList, MembersJson},
      {"findings", "Findings", K::kList,
       [](const R& r) { return Json(std::vector<std::string>(r.findings().begin(), r.findings().end())); }},
  };
  return *spec;
}

Json GapsJson(const UsagePosition& position) {
  Json gaps = Json::array();
  for (const auto& gap : position.gaps()) {
    gaps.push_back({{"start_time", TimeJson(gap.has_start_time(), gap.start_time())},
                    {"end_time", TimeJson(gap.has_end_time(), gap.end_time())},
                    {"reason", TextOrNull(gap.reason())}});
  }
  return gaps;
}

const RowSpec<UsagePosition>& PositionSpec() {
  using K = CellKind;
  using R = UsagePosition;
  static const auto* spec = new RowSpec<R>{
      {"", "License", K::kText,
       [](const R& r) { return Json(r.display_name().empty() ? r.tag() : r.display_name()); }},
      {"tag", "", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"display_name", "", K::kText, [](const R& r) { return TextOrNull(r.display_name()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
      {"measured_at", "Measured", K::kTime,
       [](const R& r) { return TimeJson(r.has_measured_at(), r.measured_at()); }},
      {"report_id", "Report", K::kNumber, [](const R& r) { return Json(r.report_id()); }},
      {"clock_suspect", "Suspect", K::kFlag, [](const R& r) { return Json(r.clock_suspect()); }},
      {"stale", "Stale", K::kFlag, [](const R& r) { return Json(r.stale()); }},
      {"counted", "Counted", K::kFlag, [](const R& r) { return Json(r.counted()); }},
      {"", "Gaps", K::kCount, [](const R& r) { return Json(r.gaps_size()); }},
      {"gaps", "", K::kNested, GapsJson},
  };
  return *spec;
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const InstanceListOptions& options) {
  ledger::v1::ListProductInstancesRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_search(options.search);
  return ListRows<ProductInstanceService>(
      invocation, {"product_instances", ""}, InstanceSpec(),
      &ProductInstanceService::Stub::ListProductInstances, request,
      [](const auto& page) -> const auto& { return page.product_instances(); }, options.limit);
}

absl::StatusOr<ExitCode> Show(Invocation& invocation, const InstanceShowOptions& options) {
  ledger::v1::GetProductInstanceRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  ASSIGN_OR_RETURN(
      const ProductInstance instance,
      invocation.Call<ProductInstanceService>(&ProductInstanceService::Stub::GetProductInstance, request));
  Output& output = invocation.output();
  output.Begin();
  output.Record(InstanceSpec(), instance);
  output.BeginRows({"usage", "", /*main=*/false}, PositionSpec());
  for (const UsagePosition& position : instance.usage()) output.AddRow(PositionSpec(), position);
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Import(Invocation& invocation, const InstanceImportOptions& options) {
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(options.file));
  ASSIGN_OR_RETURN(const auto rows, ReadProductInstances(text));
  return SendRows<ProductInstance>(invocation, rows, kBatchRows, [&](size_t begin, size_t end) {
    ledger::v1::ImportProductInstancesRequest request;
    request.set_smart_account(invocation.options.smart_account);
    request.set_request_id(NewRequestId());
    for (size_t i = begin; i < end; ++i) *request.add_product_instances() = rows.rows[i];
    return invocation.Call<ProductInstanceService>(&ProductInstanceService::Stub::ImportProductInstances,
                                                   request);
  });
}

const RowSpec<ledger::v1::ReleaseUsageResponse>& ReleaseSpec() {
  using R = ledger::v1::ReleaseUsageResponse;
  static const auto* spec = new RowSpec<R>{
      {"released_positions", "", CellKind::kCount, [](const R& r) { return Json(r.released_positions()); }},
  };
  return *spec;
}

// What is released is never a guess: a bulk release is asked for by its own option.
absl::Status CheckReleaseOptions(const ReleaseOptions& options) {
  if (options.udi.empty() && !options.all_stale) {
    return client::Usage("release: got nothing, want PID:SN or --all-stale");
  }
  if (!options.udi.empty() && options.tag.empty() && !options.all_stale) {
    return client::Usage("release: got no tag, want --tag TAG or --all-stale");
  }
  if (!options.tag.empty() && options.all_stale) {
    return client::Usage("release: got --tag and --all-stale, want one of them");
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Release(Invocation& invocation, const ReleaseOptions& options) {
  RETURN_IF_ERROR(CheckReleaseOptions(options));
  ledger::v1::ReleaseUsageRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_tag(options.tag);
  request.set_request_id(NewRequestId());
  if (!options.udi.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_udi(), ParseUdi(options.udi));
  }
  ASSIGN_OR_RETURN(const auto answer, invocation.Call<ProductInstanceService>(
                                          &ProductInstanceService::Stub::ReleaseUsage, request));
  Output& output = invocation.output();
  output.Begin();
  output.Figures(ReleaseSpec(), answer);
  output.Note(absl::StrCat(answer.released_positions(), " positions released"));
  output.End();
  return ExitCode::kOk;
}

}  // namespace

void AddProductInstanceCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "product-instance", "Product instances: list, show, import, release");
  auto list = AddLeaf<InstanceListOptions>(group, "list", "Known product instances", invocation, List);
  list.app.add_option("--virtual-account", list.options->virtual_account, "Only of this one");
  list.app.add_option("--search", list.options->search, "Part of product id, serial number or hostname");
  AddLimit(list.app, *list.options);

  auto show =
      AddLeaf<InstanceShowOptions>(group, "show", "One product instance and its usage", invocation, Show);
  show.app.add_option("PID:SN", show.options->udi, "For example C9300-24UX:FCW2134L0AB")->required();

  auto import_leaf = AddLeaf<InstanceImportOptions>(
      group, "import", "Place known inventory in virtual accounts (CSV or JSON)", invocation, Import);
  import_leaf.app.add_option("FILE", import_leaf.options->file, "CSV or JSON; - is standard input")
      ->required();

  auto release = AddLeaf<ReleaseOptions>(group, "release",
                                         "End usage that will not be reported again: the count becomes 0",
                                         invocation, Release);
  release.app.add_option("PID:SN", release.options->udi, "Of this product instance");
  release.app.add_option("--tag", release.options->tag, "The position of this entitlement tag");
  release.app.add_flag("--all-stale", release.options->all_stale,
                       "Every stale position, of the product instance or of the smart account");
}

}  // namespace quartermaster::qmctl
