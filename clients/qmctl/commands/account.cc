// smart-account list, create, rename, close, unverifiable-reports; virtual-account list, create, rename,
// set-default, set-responsible, close
#include <optional>
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

struct AccountListOptions : ListOptions {
  bool closed = false;
};
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
struct VirtualAccountChangeOptions {
  std::string name;
  std::optional<std::string> new_name, description, responsible, deputy;
};
struct VirtualAccountCloseOptions {
  std::string name;
  std::string move_content_to;
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
      {"closed_at", "Closed", K::kTime,
       [](const R& r) { return TimeJson(r.has_closed_at(), r.closed_at()); }},
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
      {"responsible", "Responsible", K::kText, [](const R& r) { return TextOrNull(r.responsible()); }},
      {"deputy", "Deputy", K::kText, [](const R& r) { return TextOrNull(r.deputy()); }},
      {"created_at", "Created", K::kTime,
       [](const R& r) { return TimeJson(r.has_created_at(), r.created_at()); }},
      {"closed_at", "Closed", K::kTime,
       [](const R& r) { return TimeJson(r.has_closed_at(), r.closed_at()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ListSmart(Invocation& invocation, const AccountListOptions& options) {
  ledger::v1::ListSmartAccountsRequest request;
  request.set_show_closed(options.closed);
  return ListRows<AccountService>(
      invocation, {"smart_accounts", ""}, SmartAccountSpec(), &AccountService::Stub::ListSmartAccounts,
      request, [](const auto& page) -> const auto& { return page.smart_accounts(); }, options.limit);
}

absl::StatusOr<ExitCode> ListVirtual(Invocation& invocation, const AccountListOptions& options) {
  ledger::v1::ListVirtualAccountsRequest request;
  request.set_show_closed(options.closed);
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

absl::StatusOr<ExitCode> RenameSmart(Invocation& invocation, const SmartAccountOptions& options) {
  ledger::v1::UpdateSmartAccountRequest request;
  request.set_smart_account(options.domain);
  request.set_display_name(options.display_name);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const SmartAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::UpdateSmartAccount, request));
  return PrintOne(invocation, SmartAccountSpec(), account);
}

absl::StatusOr<ExitCode> CloseSmart(Invocation& invocation, const SmartAccountOptions& options) {
  ledger::v1::CloseSmartAccountRequest request;
  request.set_smart_account(options.domain);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const SmartAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::CloseSmartAccount, request));
  return PrintOne(invocation, SmartAccountSpec(), account);
}

absl::StatusOr<ExitCode> ChangeVirtual(Invocation& invocation, const VirtualAccountChangeOptions& options) {
  ledger::v1::UpdateVirtualAccountRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.name);
  if (options.new_name) request.set_name(*options.new_name);
  if (options.description) request.set_description(*options.description);
  if (options.responsible) request.set_responsible(*options.responsible);
  if (options.deputy) request.set_deputy(*options.deputy);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const VirtualAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::UpdateVirtualAccount, request));
  return PrintOne(invocation, VirtualAccountSpec(), account);
}

absl::StatusOr<ExitCode> SetDefault(Invocation& invocation, const VirtualAccountOptions& options) {
  ledger::v1::SetDefaultVirtualAccountRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.name);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const VirtualAccount account,
                   invocation.Call<AccountService>(&AccountService::Stub::SetDefaultVirtualAccount, request));
  return PrintOne(invocation, VirtualAccountSpec(), account);
}

absl::StatusOr<ExitCode> CloseVirtual(Invocation& invocation, const VirtualAccountCloseOptions& options) {
  ledger::v1::CloseVirtualAccountRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_virtual_account(options.name);
  request.set_move_content_to(options.move_content_to);
  request.set_request_id(NewRequestId());
  ASSIGN_OR_RETURN(const auto closed,
                   invocation.Call<AccountService>(&AccountService::Stub::CloseVirtualAccount, request));
  Output& output = invocation.output();
  output.Begin();
  output.Field("movement_id", Json(closed.movement_id()));
  output.Field("moved_entitlements", Json(closed.moved_entitlements()));
  output.Field("moved_product_instances", Json(closed.moved_product_instances()));
  output.Record(VirtualAccountSpec(), closed.virtual_account());
  output.End();
  return ExitCode::kOk;
}

void AddSmartAccountChanges(CLI::App& smart, Invocation& invocation) {
  auto rename = AddLeaf<SmartAccountOptions>(smart, "rename", "Give a smart account another display name",
                                             invocation, RenameSmart);
  rename.app.add_option("DOMAIN", rename.options->domain, "Its domain, which stays")->required();
  rename.app.add_option("--name", rename.options->display_name, "Display name")->required();
  auto close = AddLeaf<SmartAccountOptions>(smart, "close",
                                            "Close an empty smart account for good; its reports are refused",
                                            invocation, CloseSmart);
  close.app.add_option("DOMAIN", close.options->domain, "Its domain")->required();
}

void AddVirtualAccountChanges(CLI::App& group, Invocation& invocation) {
  auto rename = AddLeaf<VirtualAccountChangeOptions>(group, "rename", "Another name or description",
                                                     invocation, ChangeVirtual);
  rename.app.add_option("NAME", rename.options->name, "As it is called now")->required();
  rename.app.add_option("--name", rename.options->new_name, "Unique in its smart account");
  rename.app.add_option("--description", rename.options->description, "For people");
  auto responsible = AddLeaf<VirtualAccountChangeOptions>(
      group, "set-responsible", "Who is told of what happens there", invocation, ChangeVirtual);
  responsible.app.add_option("NAME", responsible.options->name, "The virtual account")->required();
  responsible.app.add_option("--responsible", responsible.options->responsible, "API client; \"\" = nobody");
  responsible.app.add_option("--deputy", responsible.options->deputy, "API client; \"\" = nobody");
  auto chosen = AddLeaf<VirtualAccountOptions>(group, "set-default",
                                               "Where product instances are at home that nothing else places",
                                               invocation, SetDefault);
  chosen.app.add_option("NAME", chosen.options->name, "The virtual account")->required();
  auto close = AddLeaf<VirtualAccountCloseOptions>(group, "close", "Close a virtual account for good",
                                                   invocation, CloseVirtual);
  close.app.add_option("NAME", close.options->name, "The virtual account")->required();
  close.app.add_option("--move-content-to", close.options->move_content_to,
                       "Where its rights and product instances go; else it must be empty");
}

}  // namespace

void AddAccountCommands(CLI::App& app, Invocation& invocation) {
  CLI::App& smart = AddGroup(app, "smart-account", "Smart accounts: list, create, rename, close");
  auto smart_list = AddLeaf<AccountListOptions>(smart, "list", "Smart accounts", invocation, ListSmart);
  smart_list.app.add_flag("--closed", smart_list.options->closed, "Closed ones too");
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

  AddSmartAccountChanges(smart, invocation);

  CLI::App& virtual_accounts =
      AddGroup(app, "virtual-account", "Virtual accounts: list, create, rename, close");
  auto list = AddLeaf<AccountListOptions>(virtual_accounts, "list", "Virtual accounts of a smart account",
                                          invocation, ListVirtual);
  list.app.add_flag("--closed", list.options->closed, "Closed ones too");
  AddLimit(list.app, *list.options);
  AddVirtualAccountChanges(virtual_accounts, invocation);
  auto add = AddLeaf<VirtualAccountOptions>(virtual_accounts, "create",
                                            "Create a virtual account; the same again changes nothing",
                                            invocation, CreateVirtual);
  add.app.add_option("NAME", add.options->name, "Unique in its smart account")->required();
  add.app.add_option("--description", add.options->description, "For people");
}

}  // namespace quartermaster::qmctl
