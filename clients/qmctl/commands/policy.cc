// policy set, clear, list, why, export
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/commands/policy_rows.h"
#include "clients/qmctl/commands/policy_why.h"
#include "clients/qmctl/commands/time_options.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/authority/v1/policy_files.grpc.pb.h"
#include "quartermaster/ledger/v1/policies.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using authority::v1::PolicyFile;
using authority::v1::PolicyFileService;
using ledger::v1::PolicyService;
using ledger::v1::ReportingPolicy;

struct PolicySetOptions {
  std::string virtual_account;
  std::string name;
  std::string type;
  std::string acknowledgement;
  std::optional<int> push_interval;
  // "FIRST,ONGOING,CHANGE" of each class, or empty.
  std::string perpetual, subscription, enforced, export_controlled;
};
struct PolicyScopeOptions {
  std::string virtual_account;
};
struct PolicyListOptions : ListOptions {
  std::string virtual_account;
  bool history = false;
};
struct WhyOptions {
  std::string udi;
  std::string as_of;
};
struct PolicyExportOptions {
  std::string udi;
  std::string file;
};

// The types that can be set, in the words of the command line.
const std::vector<std::string>& SettableTypes() {
  static const auto* types = new std::vector<std::string>{
      "custom", "platform_default", "factory_installed", "plr", "fla", "controller"};
  return *types;
}

ledger::v1::PolicyType TypeOf(const std::string& word) {
  const auto* type = ledger::v1::PolicyType_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    const int number = type->value(i)->number();
    const Json own = EnumWordOf(type, number);
    if (own.is_string() && own.get<std::string>() == word) return static_cast<ledger::v1::PolicyType>(number);
  }
  return ledger::v1::POLICY_TYPE_UNSPECIFIED;
}

absl::Status AddClass(const std::string& option, const std::string& text,
                      ledger::v1::LicenseClass license_class,
                      ledger::v1::SetReportingPolicyRequest& request) {
  if (text.empty()) return absl::OkStatus();
  std::vector<int32_t> days;
  for (const absl::string_view word : absl::StrSplit(text, ',')) {
    if (!absl::SimpleAtoi(word, &days.emplace_back())) days.clear();
    if (days.empty()) break;
  }
  if (days.size() != 3) {
    return client::Usage(absl::StrCat(option, ": got '", text,
                                      "', want three numbers of days like 30,60,60 (first report, ongoing, "
                                      "on change)"));
  }
  ledger::v1::ClassDays& row = *request.add_classes();
  row.set_license_class(license_class);
  row.set_first_report_days(days[0]);
  row.set_ongoing_days(days[1]);
  row.set_on_change_days(days[2]);
  return absl::OkStatus();
}

ExitCode PrintOne(Invocation& invocation, const ReportingPolicy& policy) {
  invocation.output().Begin();
  invocation.output().Record(PolicySpec(), policy);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> SetPolicy(Invocation& invocation, const PolicySetOptions& options) {
  ledger::v1::SetReportingPolicyRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_name(options.name);
  request.set_type(TypeOf(options.type));
  if (!options.acknowledgement.empty()) {
    request.set_acknowledgement_required(options.acknowledgement == "yes");
  }
  if (options.push_interval.has_value()) request.set_push_interval_days(*options.push_interval);
  RETURN_IF_ERROR(
      AddClass("--perpetual", options.perpetual, ledger::v1::LICENSE_CLASS_UNENFORCED_PERPETUAL, request));
  RETURN_IF_ERROR(AddClass("--subscription", options.subscription,
                           ledger::v1::LICENSE_CLASS_UNENFORCED_SUBSCRIPTION, request));
  RETURN_IF_ERROR(AddClass("--enforced", options.enforced, ledger::v1::LICENSE_CLASS_ENFORCED, request));
  RETURN_IF_ERROR(AddClass("--export-controlled", options.export_controlled,
                           ledger::v1::LICENSE_CLASS_EXPORT_CONTROLLED, request));
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const ReportingPolicy policy,
                   invocation.Call<PolicyService>(&PolicyService::Stub::SetReportingPolicy, request));
  return PrintOne(invocation, policy);
}

absl::StatusOr<ExitCode> Clear(Invocation& invocation, const PolicyScopeOptions& options) {
  ledger::v1::ClearReportingPolicyRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const ledger::v1::ClearReportingPolicyResponse answer,
                   invocation.Call<PolicyService>(&PolicyService::Stub::ClearReportingPolicy, request));
  if (answer.has_cleared()) return PrintOne(invocation, answer.cleared());
  Output& output = invocation.output();
  output.Begin();
  output.Field("policy_id", nullptr);
  output.Note("no policy was set there");
  output.End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> List(Invocation& invocation, const PolicyListOptions& options) {
  ledger::v1::ListReportingPoliciesRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.virtual_account);
  request.set_with_history(options.history);
  return ListRows<PolicyService>(
      invocation, {"policies", ""}, PolicySpec(), &PolicyService::Stub::ListReportingPolicies, request,
      [](const auto& page) -> const auto& { return page.policies(); }, options.limit);
}

absl::StatusOr<ExitCode> Why(Invocation& invocation, const WhyOptions& options) {
  ledger::v1::ExplainDeadlinesRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  if (!options.as_of.empty()) {
    RETURN_IF_ERROR(SetTime("--as-of", options.as_of, /*date_ends_day=*/true, request.mutable_as_of()));
  }
  ASSIGN_OR_RETURN(const ledger::v1::ExplainDeadlinesResponse why,
                   invocation.Call<PolicyService>(&PolicyService::Stub::ExplainDeadlines, request));
  PrintExplanation(invocation.output(), why);
  return ExitCode::kOk;
}

const RowSpec<PolicyFile>& PolicyFileSpec() {
  using K = CellKind;
  using R = PolicyFile;
  static const auto* spec = new RowSpec<R>{
      {"", "Product instance", K::kText, [](const R& r) { return Json(UdiText(r.udi())); }},
      {"product_id", "", K::kText, [](const R& r) { return Json(r.udi().product_id()); }},
      {"serial_number", "", K::kText, [](const R& r) { return Json(r.udi().serial_number()); }},
      {"policy", "Policy", K::kText, [](const R& r) { return Json(r.policy_name()); }},
      {"sequence", "Sequence", K::kNumber, [](const R& r) { return Json(r.sequence()); }},
      {"issued_at", "Issued", K::kTime,
       [](const R& r) { return TimeJson(r.has_issued_at(), r.issued_at()); }},
      {"bytes", "Size", K::kBytes, [](const R& r) { return Json(r.smart_license().size()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> Export(Invocation& invocation, const PolicyExportOptions& options) {
  authority::v1::GetPolicyFileRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const auto udi, ParseUdi(options.udi));
  request.set_product_id(udi.product_id());
  request.set_serial_number(udi.serial_number());
  ASSIGN_OR_RETURN(const PolicyFile answer,
                   invocation.Call<PolicyFileService>(&PolicyFileService::Stub::GetPolicyFile, request));
  if (options.file == "-") {
    invocation.streams().out << answer.smart_license();
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(client::WriteFileAtomically(options.file, answer.smart_license()));
  Output& output = invocation.output();
  output.Begin();
  output.Field("file", options.file);
  output.Record(PolicyFileSpec(), answer);
  output.End();
  return ExitCode::kOk;
}

void AddSetCommand(CLI::App& group, Invocation& invocation) {
  auto set = AddLeaf<PolicySetOptions>(
      group, "set", "Set the policy of a virtual account or of the smart account, from now on", invocation,
      SetPolicy);
  PolicySetOptions& options = *set.options;
  set.app.add_option("--virtual-account", options.virtual_account,
                     "Of this one (default: the smart account)");
  set.app.add_option("--name", options.name, "As product instances show it (default: Custom)");
  set.app.add_option("--type", options.type, "A label (default: custom)")
      ->check(CLI::IsMember(SettableTypes()));
  set.app.add_option("--acknowledgement", options.acknowledgement, "Whether one is required (default: yes)")
      ->type_name("yes|no")
      ->check(CLI::IsMember({"yes", "no"}).description(""));
  set.app.add_option("--push-interval", options.push_interval,
                     "Days from one push to the next (default: 30)");
  constexpr char kDays[] = "Days: first report,ongoing,on change; 0 = none required (default: the default's)";
  set.app.add_option("--perpetual", options.perpetual, kDays)->type_name("F,O,C");
  set.app.add_option("--subscription", options.subscription, kDays)->type_name("F,O,C");
  set.app.add_option("--enforced", options.enforced, kDays)->type_name("F,O,C");
  set.app.add_option("--export-controlled", options.export_controlled, kDays)->type_name("F,O,C");
}

}  // namespace

void AddPolicyCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& group = AddGroup(app, "policy", "Reporting policies: set, clear, list, why, export");
  AddSetCommand(group, invocation);
  auto clear = AddLeaf<PolicyScopeOptions>(
      group, "clear", "Take a policy away: the smart account's is in force, else the default", invocation,
      Clear);
  clear.app.add_option("--virtual-account", clear.options->virtual_account,
                       "Of this one (default: the smart account)");
  auto list = AddLeaf<PolicyListOptions>(group, "list", "Policies that are set", invocation, List);
  list.app.add_option("--virtual-account", list.options->virtual_account, "Only of this one");
  list.app.add_flag("--history", list.options->history, "Those that ended too");
  AddLimit(list.app, *list.options);
  auto why = AddLeaf<WhyOptions>(
      group, "why", "Why a product instance must report when it must, rule by rule", invocation, Why);
  why.app.add_option("PID:SN", why.options->udi, "For example C9300-24UX:FCW2134L0AB")->required();
  why.app.add_option("--as-of", why.options->as_of,
                     "With the policies of that time: a date (its end, UTC) or an RFC 3339 time");
  auto leaf = AddLeaf<PolicyExportOptions>(
      group, "export", "Write the policy of a product instance as a signed file", invocation, Export);
  leaf.app.add_option("--product-instance", leaf.options->udi, "PID:SN")->required();
  leaf.app
      .add_option("-o,--file", leaf.options->file,
                  "Where the file goes; - is standard output (here -o is no format)")
      ->required();
}

}  // namespace quartermaster::qmctl
