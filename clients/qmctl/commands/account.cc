// smart-account list, create, unverifiable-reports; virtual-account list, create
#include <string>

#include "clients/qmctl/commands/commands.h"
#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/accounts.grpc.pb.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::AccountService;
using ledger::v1::SmartAccount;
using ledger::v1::VirtualAccount;

struct SmartAccountOptions {
  std::string domain;
  std::string display_name;
};
struct UnverifiableReportsOptions {
  std::string count;
};
struct VirtualAccountOptions {
  std::string name;
  std::string description;
};

const RowSpec<SmartAccount>& SmartAccountSpec() {
  using K = CellKind;
  using R = SmartAccount;
  static const auto* spec = new RowSpec<R>{
      {"domain", "Domain", K::kText, [](const R& r) { return Json(r.domain()); }},
      {"display_name", "Name", K::kText, [](const R& r) { return Json(r.display_name()); }},
      {"smart_account_id", "Id", K::kNumber, [](const R& r) { return Json(r.smart_account_id()); }},
      {"count_unverifiable", "", K::kFlag, [](const R& r) { return Json(r.count_unverifiable()); }},
      // Both words, where a flag would show nothing for no.
      {"", "Counts unverifiable", K::kText,
       [](const R& r) { return Json(r.count_unverifiable() ? "yes" : "no"); }},
      {"created_at", "Created", K::kTime,
       [](const R& r) { return TimeJson(r.has_created_at(), r.created_at()); }},
  };
  return *spec;
}

const RowSpec<VirtualAccount>& VirtualAccountSpec() {
  using K = CellKind;
  using R = VirtualAccount;
  static const auto* spec = new RowSpec<R>{
      {"name", "Name", K::kText, [](const R& r) { return Json(r.name()); }},
      {"description", "Description", K::kText, [](const R& r) { return TextOrNull(r.description()); }},
      {"virtual_account_id", "Id", K::kNumber, [](const R& r) { return Json(r.virtual_account_id()); }},
      {"is_default", "Default", K::kFlag, [](const R& r) { return Json(r.is_default()); }},
      {"created_at", "Created", K::kTime,
       [](const R& r) { return TimeJson(r.has_created_at(), r.created_at()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ListSmart(Invocation& invocation, const ListOptions& options) {
  return ListRows<AccountService>(
      invocation, {"smart_accounts", ""}, SmartAccountSpec(), &AccountService::Stub::ListSmartAccounts,
      ledger::v1::ListSmartAccountsRequest(),
      [](const auto& page) -> const auto& { return page.smart_accounts(); }, options.limit);
}

absl::StatusOr<ExitCode> ListVirtual(Invocation& invocation, const ListOptions& options) {
  ledger::v1::ListVirtualAccountsRequest request;
  request.set_smart_account(invocation.options.smart_account);
  return ListRows<AccountService>(
      invocation, {"virtual_accounts", ""}, VirtualAccountSpec(), &AccountService::Stub::ListVirtualAccounts,
      request, [](const auto& page) -> const auto& { return page.virtual_accounts(); }, options.limit);
}

template <typename Row>
ExitCode PrintOne(Invocation& invocation, const RowSpec<Row>& spec, const Row& row) {
  invocation.output().Begin();
  invocation.output().Record(spec, row);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CreateSmart(Invocation& invocation, const SmartAccountOptions& options) {
  ledger::v1::CreateSmartAccountRequest request;
  request.set_domain(options.domain);
  request.set_display_name(options.display_name.empty() ? options.domain : options.display_name);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const SmartAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::CreateSmartAccount, request));
  return PrintOne(invocation, SmartAccountSpec(), account);
}

absl::StatusOr<ExitCode> SetUnverifiable(Invocation& invocation, const UnverifiableReportsOptions& options) {
  ledger::v1::SetUnverifiablePolicyRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_count_unverifiable(options.count == "yes");
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const SmartAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::SetUnverifiablePolicy, request));
  return PrintOne(invocation, SmartAccountSpec(), account);
}

absl::StatusOr<ExitCode> CreateVirtual(Invocation& invocation, const VirtualAccountOptions& options) {
  ledger::v1::CreateVirtualAccountRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_name(options.name);
  request.set_description(options.description);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const VirtualAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::CreateVirtualAccount, request));
  return PrintOne(invocation, VirtualAccountSpec(), account);
}

}  // namespace

void AddAccountCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& smart = AddGroup(app, "smart-account", "Smart accounts: list, create, unverifiable-reports");
  auto smart_list = AddLeaf<ListOptions>(smart, "list", "Smart accounts", invocation, ListSmart);
  AddLimit(smart_list.app, *smart_list.options);
  auto create = AddLeaf<SmartAccountOptions>(
      smart, "create", "Create a smart account; the same again changes nothing", invocation, CreateSmart);
  create.app.add_option("DOMAIN", create.options->domain, "For example corp.example.com")->required();
  create.app.add_option("--name", create.options->display_name, "Display name (default: DOMAIN)");
  auto unverifiable = AddLeaf<UnverifiableReportsOptions>(
      smart, "unverifiable-reports", "Whether reports whose signature nobody here can verify count",
      invocation, SetUnverifiable);
  unverifiable.app
      .add_option("--count", unverifiable.options->count,
                  "yes or no; from now on, what was booked before stays as it was")
      ->required()
      ->type_name("yes|no")
      ->check(CLI::IsMember({"yes", "no"}).description(""));

  CLI::App& virtual_accounts = AddGroup(app, "virtual-account", "Virtual accounts: list, create");
  auto list = AddLeaf<ListOptions>(virtual_accounts, "list", "Virtual accounts of a smart account",
                                   invocation, ListVirtual);
  AddLimit(list.app, *list.options);
  auto add = AddLeaf<VirtualAccountOptions>(virtual_accounts, "create",
                                            "Create a virtual account; the same again changes nothing",
                                            invocation, CreateVirtual);
  add.app.add_option("NAME", add.options->name, "Unique in its smart account")->required();
  add.app.add_option("--description", add.options->description, "For people");
}

}  // namespace quartermaster::qmctl
