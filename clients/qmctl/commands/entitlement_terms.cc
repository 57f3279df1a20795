#include "clients/qmctl/commands/entitlement_terms.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "clients/qmctl/convert/proto_json.h"
#include "clients/qmctl/list_rows.h"
#include "quartermaster/ledger/v1/landing_rules.grpc.pb.h"
#include "quartermaster/ledger/v1/terms.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {
namespace {

using ledger::v1::ConsumptionOrderSetting;
using ledger::v1::LandingRule;
using ledger::v1::LandingRuleService;
using ledger::v1::TermsService;

struct CorrectOptions {
  std::string entitlement_id;
  std::string virtual_account;
  int64_t quantity_change = 0;
};
struct LandingRuleOptions {
  std::string order_id, tag, virtual_account;
};
struct ConsumptionOrderOptions {
  std::string order;
};

const std::map<std::string, ledger::v1::ConsumptionOrder>& Orders() {
  static const auto* orders = new std::map<std::string, ledger::v1::ConsumptionOrder>{
      {"earliest-end-first", ledger::v1::CONSUMPTION_ORDER_EARLIEST_END_FIRST},
      {"longest-term-first", ledger::v1::CONSUMPTION_ORDER_LONGEST_TERM_FIRST},
      {"perpetual-first", ledger::v1::CONSUMPTION_ORDER_PERPETUAL_FIRST},
      {"perpetual-last", ledger::v1::CONSUMPTION_ORDER_PERPETUAL_LAST},
  };
  return *orders;
}

absl::StatusOr<ExitCode> Correct(Invocation& invocation, const CorrectOptions& options) {
  ledger::v1::CorrectEntitlementRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  request.set_entitlement_id(options.entitlement_id);
  request.set_virtual_account(options.virtual_account);
  request.set_quantity_change(options.quantity_change);
  ASSIGN_OR_RETURN(const ledger::v1::Movement movement,
                   invocation.Call<TermsService>(&TermsService::Stub::CorrectEntitlement, request));
  return ShowMovement(invocation, movement);
}

const RowSpec<LandingRule>& RuleSpec() {
  using K = CellKind;
  using R = LandingRule;
  static const auto* spec = new RowSpec<R>{
      {"order_id", "Order", K::kText, [](const R& r) { return TextOrNull(r.order_id()); }},
      {"tag", "Tag", K::kText, [](const R& r) { return TextOrNull(r.tag()); }},
      {"virtual_account", "Virtual account", K::kText, [](const R& r) { return Json(r.virtual_account()); }},
  };
  return *spec;
}

template <typename Row>
ExitCode PrintOne(Invocation& invocation, const RowSpec<Row>& spec, const Row& row) {
  invocation.output().Begin();
  invocation.output().Record(spec, row);
  invocation.output().End();
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> SetRule(Invocation& invocation, const LandingRuleOptions& options) {
  ledger::v1::SetLandingRuleRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  request.mutable_rule()->set_order_id(options.order_id);
  request.mutable_rule()->set_tag(options.tag);
  request.mutable_rule()->set_virtual_account(options.virtual_account);
  ASSIGN_OR_RETURN(const LandingRule rule,
                   invocation.Call<LandingRuleService>(&LandingRuleService::Stub::SetLandingRule, request));
  return PrintOne(invocation, RuleSpec(), rule);
}

absl::StatusOr<ExitCode> DeleteRule(Invocation& invocation, const LandingRuleOptions& options) {
  ledger::v1::DeleteLandingRuleRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  request.set_order_id(options.order_id);
  request.set_tag(options.tag);
  ASSIGN_OR_RETURN(const LandingRule rule, invocation.Call<LandingRuleService>(
                                               &LandingRuleService::Stub::DeleteLandingRule, request));
  return PrintOne(invocation, RuleSpec(), rule);
}

absl::StatusOr<ExitCode> ListRules(Invocation& invocation, const ListOptions& options) {
  ledger::v1::ListLandingRulesRequest request;
  request.set_smart_account(invocation.options.smart_account);
  return ListRows<LandingRuleService>(
      invocation, {"landing_rules", ""}, RuleSpec(), &LandingRuleService::Stub::ListLandingRules, request,
      [](const auto& page) -> const auto& { return page.landing_rules(); }, options.limit);
}

const RowSpec<ConsumptionOrderSetting>& OrderSpec() {
  using K = CellKind;
  using R = ConsumptionOrderSetting;
  static const auto* spec = new RowSpec<R>{
      {"smart_account", "Smart account", K::kText, [](const R& r) { return Json(r.smart_account()); }},
      {"consumption_order", "Consumption order", K::kText,
       [](const R& r) { return EnumWord(r.consumption_order()); }},
  };
  return *spec;
}

absl::StatusOr<ExitCode> ShowOrder(Invocation& invocation, const NoOptions&) {
  ledger::v1::GetConsumptionOrderRequest request;
  request.set_smart_account(invocation.options.smart_account);
  ASSIGN_OR_RETURN(const ConsumptionOrderSetting setting,
                   invocation.Call<TermsService>(&TermsService::Stub::GetConsumptionOrder, request));
  return PrintOne(invocation, OrderSpec(), setting);
}

absl::StatusOr<ExitCode> SetOrder(Invocation& invocation, const ConsumptionOrderOptions& options) {
  ledger::v1::SetConsumptionOrderRequest request;
  request.set_smart_account(invocation.options.smart_account);
  request.set_request_id(NewRequestId());
  request.set_consumption_order(Orders().at(options.order));
  ASSIGN_OR_RETURN(const ConsumptionOrderSetting setting,
                   invocation.Call<TermsService>(&TermsService::Stub::SetConsumptionOrder, request));
  return PrintOne(invocation, OrderSpec(), setting);
}

void AddLandingRuleCommands(CLI::App& group, Invocation& invocation) {
  CLI::App& rules = AddGroup(group, "landing-rule", "Where purchases land: set, list, delete");
  auto set = AddLeaf<LandingRuleOptions>(
      rules, "set", "Let purchases of an order, of a tag, or both land in a Virtual Account", invocation,
      SetRule);
  auto remove = AddLeaf<LandingRuleOptions>(rules, "delete", "Delete the rule for this order and tag",
                                            invocation, DeleteRule);
  for (const auto& leaf : {set, remove}) {
    leaf.app.add_option("--order", leaf.options->order_id, "Order id; without it any");
    leaf.app.add_option("--tag", leaf.options->tag, "Entitlement tag; without it any");
  }
  set.app.add_option("--virtual-account", set.options->virtual_account, "Where they land")->required();
  auto list = AddLeaf<ListOptions>(rules, "list", "The rules of a smart account", invocation, ListRules);
  AddLimit(list.app, *list.options);
}

}  // namespace

void AddTermsCommands(CLI::App& group, Invocation& invocation) {
  auto correct = AddLeaf<CorrectOptions>(
      group, "correct", "Add to the quantity of a right, or take from it; `reverse` undoes it", invocation,
      Correct);
  correct.app.add_option("ENTITLEMENT", correct.options->entitlement_id, "Its id")->required();
  correct.app
      .add_option("--quantity-change", correct.options->quantity_change,
                  "How many more, or fewer: --quantity-change=-5")
      ->required();
  correct.app.add_option("--virtual-account", correct.options->virtual_account,
                         "Where (default: the one that bought it)");

  AddLandingRuleCommands(group, invocation);

  CLI::App& order = AddGroup(group, "consumption-order", "Which rights go first: show, set");
  AddLeaf<NoOptions>(order, "show", "Of a smart account", invocation, ShowOrder);
  auto set = AddLeaf<ConsumptionOrderOptions>(
      order, "set", "From now on, for transfers and the assignment of use to rights", invocation, SetOrder);
  std::set<std::string> names;
  for (const auto& [name, value] : Orders()) names.insert(name);
  set.app.add_option("ORDER", set.options->order)->required()->check(CLI::IsMember(names));
}

}  // namespace quartermaster::qmctl
