// product-instance list, show, import, release, erase; product_instance_changes.cc has move, remove, replace
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/import_answer.h"
#include "clients/qmctl/commands/product_instance.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/erasure.grpc.pb.h"
#include "quartermaster/ledger/v1/figures.grpc.pb.h"
#include "quartermaster/ledger/v1/product_instances.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::ErasureService;
using ledger::v1::FigureService;
using ledger::v1::ProductInstance;
using ledger::v1::ProductInstanceService;
using ledger::v1::UsageFigure;
using ledger::v1::UsagePosition;

constexpr size_t kBatchRows = 1000;

struct InstanceListOptions : ListOptions {
  InstanceFilterOptions filter;
  bool removed = false;
};
struct InstanceShowOptions {
  std::string udi;
  FigureTimeOptions times;
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

Json ReplacesJson(const ProductInstance& instance) {
  std::vector<std::string> udis;
  for (const auto& udi : instance.replaces()) udis.push_back(UdiText(udi));
  return udis;
}

}  // namespace

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
      {"reporting_policy", "", K::kText, [](const R& r) { return TextOrNull(r.reporting_policy()); }},
      {"next_push_due", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_next_push_due(), r.next_push_due()); }},
      {"first_contact", "", K::kTime,
       [](const R& r) { return TimeJson(r.has_first_contact(), r.first_contact()); }},
      {"last_contact", "Last contact", K::kTime,
       [](const R& r) { return TimeJson(r.has_last_contact(), r.last_contact()); }},
      {"last_acknowledged", "Acknowledged", K::kTime,
       [](const R& r) { return TimeJson(r.has_last_acknowledged(), r.last_acknowledged()); }},
      {"ha_members", "HA set", K::kList, MembersJson},
      {"findings", "Findings", K::kList,
       [](const R& r) { return Json(std::vector<std::string>(r.findings().begin(), r.findings().end())); }},
      {"removed_at", "Removed", K::kTime,
       [](const R& r) { return TimeJson(r.has_removed_at(), r.removed_at()); }},
      {"replaced_by", "Replaced by", K::kText,
       [](const R& r) { return r.has_replaced_by() ? Json(UdiText(r.replaced_by())) : Json(); }},
      {"replaces", "Replaces", K::kList, ReplacesJson},
  };
  return *spec;
}

ledger::v1::ProductInstanceFilter FilterOf(const InstanceFilterOptions& options) {
  ledger::v1::ProductInstanceFilter filter;
  filter.set_virtual_account(options.virtual_account);
  filter.set_search(options.search);
  filter.set_udi_prefix(options.udi_prefix);
  filter.set_hostname(options.hostname);
  filter.set_tag(options.tag);
  filter.set_software_version(options.software_version);
  filter.set_finding(options.finding);
  static const std::map<std::string, ledger::v1::ReportingStatus> kStatuses = {
      {"current", ledger::v1::REPORTING_STATUS_CURRENT},
      {"due", ledger::v1::REPORTING_STATUS_DUE},
      {"overdue", ledger::v1::REPORTING_STATUS_OVERDUE},
      {"gap", ledger::v1::REPORTING_STATUS_GAP},
      {"never", ledger::v1::REPORTING_STATUS_NEVER}};
  if (const auto status = kStatuses.find(options.reporting); status != kStatuses.end()) {
    filter.set_reporting_status(status->second);
  }
  return filter;
}

void AddFilterOptions(CLI::App& app, InstanceFilterOptions& options) {
  app.add_option("--virtual-account", options.virtual_account, "Only at home in this one");
  app.add_option("--search", options.search, "Part of product id, serial number or hostname");
  app.add_option("--udi-prefix", options.udi_prefix, "Beginning of PID or PID:SN");
  app.add_option("--hostname", options.hostname, "Part of the hostname");
  app.add_option("--tag", options.tag, "Only with a position of this entitlement tag");
  app.add_option("--software-version", options.software_version, "Beginning of the version");
  app.add_option("--reporting", options.reporting, "Only with this reporting status")
      ->type_name("STATUS")
      ->check(CLI::IsMember({"current", "due", "overdue", "gap", "never"}));
  app.add_option("--finding", options.finding,
                 "Only with this open finding, for example wrong_virtual_account");
}

namespace {

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
      {"report_id", "Report", K::kNumber,
       [](const R& r) { return r.has_measured_at() ? Json(r.report_id()) : Json(nullptr); }},
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
  const ledger::v1::ProductInstanceFilter filter = FilterOf(options.filter);
  request.set_virtual_account(filter.virtual_account());
  request.set_search(filter.search());
  request.set_udi_prefix(filter.udi_prefix());
  request.set_hostname(filter.hostname());
  request.set_tag(filter.tag());
  request.set_software_version(filter.software_version());
  request.set_reporting_status(filter.reporting_status());
  request.set_finding(filter.finding());
  request.set_show_removed(options.removed);
  return ListRows<ProductInstanceService>(
      invocation, {"product_instances", ""}, InstanceSpec(),
      &ProductInstanceService::Stub::ListProductInstances, request,
      [](const auto& page) -> const auto& { return page.product_instances(); }, options.limit);
}

const RowSpec<UsageFigure>& UsageSpec() {
  using K = CellKind;
  using R = UsageFigure;
  static const auto* spec = new RowSpec<R>{
      {"", "License", K::kText,
       [](const R& r) { return Json(r.display_name().empty() ? r.tag() : r.display_name()); }},
      {"tag", "", K::kText, [](const R& r) { return Json(r.tag()); }},
      {"display_name", "", K::kText, [](const R& r) { return TextOrNull(r.display_name()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
      {"in_use", "In use", K::kCount, [](const R& r) { return Json(r.in_use()); }},
  };
  return *spec;
}

// What it used, or will by what is known, at another time: of the books alone, so without reports and gaps.
absl::StatusOr<ExitCode> ShowUsageAt(Invocation& invocation, const InstanceShowOptions& options) {
  ledger::v1::GetUsageFiguresRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  RETURN_IF_ERROR(SetFigureTimes(options.times, request));
  ASSIGN_OR_RETURN(const ledger::v1::GetUsageFiguresResponse answer,
                   invocation.Call<FigureService>(&FigureService::Stub::GetUsageFigures, request));
  Output& output = invocation.output();
  const Json as_of = TimeJson(answer.has_as_of(), answer.as_of());
  const Json known_at = TimeJson(answer.has_known_at(), answer.known_at());
  output.Begin();
  output.Field("product_id", udi.product_id());
  output.Field("serial_number", udi.serial_number());
  output.Field("as_of", as_of);
  output.Field("known_at", known_at);
  output.Note(absl::StrCat(UdiText(udi), ", as of ", TableText(CellKind::kTime, as_of), " UTC, known at ",
                           TableText(CellKind::kTime, known_at), " UTC"));
  output.BeginRows({"usage", ""}, UsageSpec());
  for (const UsageFigure& figure : answer.usage()) output.AddRow(UsageSpec(), figure);
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Invocation& invocation, const InstanceShowOptions& options) {
  if (options.times.given()) return ShowUsageAt(invocation, options);
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
  output.Note(absl::StrCat(
      "Policy ", instance.reporting_policy(), "; next push ",
      TableText(CellKind::kTime, TimeJson(instance.has_next_push_due(), instance.next_push_due()))));
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

const RowSpec<ledger::v1::EraseProductInstanceResponse>& ErasureSpec() {
  using R = ledger::v1::EraseProductInstanceResponse;
  static const auto* spec = new RowSpec<R>{
      {"erased_at", "Erased", CellKind::kTime,
       [](const R& r) { return TimeJson(r.has_erased_at(), r.erased_at()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Erase(Invocation& invocation, const InstanceShowOptions& options) {
  ledger::v1::EraseProductInstanceRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Call<ErasureService>(&ErasureService::Stub::EraseProductInstance, request));
  invocation.output().Begin();
  invocation.output().Record(ErasureSpec(), answer);
  invocation.output().End();
  return ExitCode::kOk;
}

}  // namespace

void AddProductInstanceCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group =
      AddGroup(app, "product-instance", "Product instances: list, show, import, move, remove, erase");
  auto list = AddLeaf<InstanceListOptions>(group, "list", "Known product instances", invocation, List);
  AddFilterOptions(list.app, list.options->filter);
  list.app.add_flag("--removed", list.options->removed, "Removed ones too");
  AddLimit(list.app, *list.options);

  auto show =
      AddLeaf<InstanceShowOptions>(group, "show", "One product instance and its usage", invocation, Show);
  show.app.add_option("PID:SN", show.options->udi, "For example C9300-24UX:FCW2134L0AB")->required();
  AddFigureTimes(show.app, show.options->times);

  auto erase = AddLeaf<InstanceShowOptions>(
      group, "erase", "Forget its hostname and system info; its use and the books stay", invocation, Erase);
  erase.app.add_option("PID:SN", erase.options->udi, "For example C9300-24UX:FCW2134L0AB")->required();

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
  AddProductInstanceChanges(group, invocation);
}

}  // namespace quartermaster::qmctl
