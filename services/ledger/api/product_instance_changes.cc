// What people do to product instances: move, remove, replace.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/product_instance_selection.h"
#include "services/ledger/api/product_instance_service.h"
#include "services/ledger/domain/compliance.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/instance_moves.h"
#include "services/ledger/storage/administration/instance_replacement.h"
#include "services/ledger/storage/administration/pools_now.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

// What a call would do, over all its batches.
struct Preview {
  int64_t product_instances = 0;
  int64_t chosen = 0;
  std::map<std::pair<int64_t, int32_t>, int64_t> in_use;
};

// `to`: 0 = nowhere. Sets that several of the chosen belong to count once.
Preview PreviewOf(pqxx::transaction_base& tx, int64_t smart_account_id, InstanceSelection& selection,
                  int64_t to) {
  Preview preview;
  std::set<int64_t> sets_seen;
  while (!selection.done()) {
    ChosenConsumers chosen =
        ChooseConsumers(tx, smart_account_id, selection.Next(tx), selection.only_from(), to);
    std::erase_if(chosen.leads,
                  [&](int64_t lead) { return chosen.sets.contains(lead) && !sets_seen.insert(lead).second; });
    const MovePlan plan = PlanMove(tx, smart_account_id, chosen.leads, to);
    preview.product_instances += plan.product_instances;
    preview.chosen += chosen.chosen_elsewhere;
    for (const auto& [pool, quantity] : plan.in_use) preview.in_use[pool] += quantity;
  }
  return preview;
}

using Uses = google::protobuf::RepeatedPtrField<v1::TagUse>;

void ShowUse(const Preview& preview, const std::vector<PoolFigures>& pools, Uses* out) {
  std::map<int32_t, int64_t> by_tag;
  for (const auto& [pool, quantity] : preview.in_use) by_tag[pool.second] += quantity;
  std::map<int32_t, const PoolFigures*> names;
  for (const PoolFigures& pool : pools) names[pool.tag_id] = &pool;
  for (const auto& [tag_id, quantity] : by_tag) {
    v1::TagUse& use = *out->Add();
    use.set_tag(names.at(tag_id)->tag);
    use.set_display_name(names.at(tag_id)->display_name);
    use.set_in_use(quantity);
  }
}

std::vector<PoolFigures> AfterMove(std::vector<PoolFigures> pools, const Preview& preview, int64_t to) {
  std::map<std::pair<int64_t, int32_t>, size_t> places;
  std::map<int32_t, PoolFigures> of_tag;
  for (size_t i = 0; i < pools.size(); ++i) {
    places[{pools[i].virtual_account_id, pools[i].tag_id}] = i;
    of_tag[pools[i].tag_id] = pools[i];
  }
  for (const auto& [from, quantity] : preview.in_use) {
    pools[places.at(from)].in_use -= quantity;
    const auto [target, is_new] = places.try_emplace({to, from.second}, pools.size());
    if (is_new) {
      const PoolFigures& known = of_tag.at(from.second);
      pools.push_back({.virtual_account_id = to,
                       .tag_id = from.second,
                       .tag = known.tag,
                       .display_name = known.display_name,
                       .known = known.known});
    }
    pools[target->second].in_use += quantity;
  }
  return pools;
}

void ShowPoolsOut(pqxx::transaction_base& tx, int64_t smart_account_id, const Preview& preview, int64_t to,
                  const std::vector<PoolFigures>& pools, v1::MoveProductInstancesResponse* response) {
  const SubstitutionHierarchy hierarchy = LoadHierarchy(tx);
  std::set<std::pair<int64_t, int32_t>> out_before;
  for (const PoolCompliance& pool : AssessPools(pools, hierarchy)) {
    if (pool.status == ComplianceStatus::kOut) {
      out_before.emplace(pool.figures.virtual_account_id, pool.figures.tag_id);
    }
  }
  const std::map<int64_t, std::string> names = VirtualAccountNames(tx, smart_account_id);
  for (const PoolCompliance& pool : AssessPools(AfterMove(pools, preview, to), hierarchy)) {
    if (pool.status != ComplianceStatus::kOut ||
        out_before.contains({pool.figures.virtual_account_id, pool.figures.tag_id})) {
      continue;
    }
    auto& out = *response->add_pools_out();
    out.set_virtual_account(names.at(pool.figures.virtual_account_id));
    out.set_tag(pool.figures.tag);
    out.set_balance(pool.figures.balance());
  }
}

// One batch, chosen without the lock and looked at again under it.
absl::Status MoveBatch(pqxx::transaction_base& tx, int64_t smart_account_id, const std::vector<int64_t>& ids,
                       int64_t only_from, const std::string& to_virtual_account, const Act& act,
                       Preview& moved) {
  LockRights(tx, smart_account_id);
  LockInstances(tx, act.now);
  ASSIGN_OR_RETURN(const VirtualAccount to,
                   FindVirtualAccount(tx, smart_account_id, to_virtual_account, "to_virtual_account"));
  const ChosenConsumers chosen = ChooseConsumers(tx, smart_account_id, ids, only_from, to.id);
  moved.chosen = chosen.chosen_elsewhere;
  ASSIGN_OR_RETURN(moved.product_instances, MoveInstances(tx, smart_account_id, chosen.leads, to.id, act));
  if (moved.product_instances == 0) return absl::OkStatus();
  WriteAudit(tx, smart_account_id, act, "",
             absl::StrCat("{\"moved_product_instances\":", moved.product_instances,
                          ",\"to_virtual_account\":", JsonString(to.name), "}"));
  return absl::OkStatus();
}

}  // namespace

ViewOptions ProductInstanceServiceImpl::Options(bool with_usage) const {
  return {.now = api_.clock->Now(), .with_usage = with_usage, .gap_after_s = api_.gap_after_s};
}

absl::StatusOr<InstanceSelection> ProductInstanceServiceImpl::Select(
    pqxx::transaction_base& tx, const grpc::ServerContext& context, const std::string& named,
    const google::protobuf::RepeatedPtrField<common::v1::Udi>& udis, const v1::ProductInstanceFilter& filter,
    int64_t& smart_account_id) const {
  ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, context, named));
  smart_account_id = account.id;
  return InstanceSelection::Of(tx, account.id, udis, filter, Options(false));
}

grpc::Status ProductInstanceServiceImpl::PreviewMove(grpc::ServerContext* context,
                                                     const v1::MoveProductInstancesRequest& request,
                                                     v1::MoveProductInstancesResponse* response) {
  return rpc::ToGrpc(api_.pool->Read("ledger_preview_move", [&](pqxx::transaction_base& tx) -> absl::Status {
    response->Clear();
    int64_t account = 0;
    ASSIGN_OR_RETURN(InstanceSelection selection, Select(tx, *context, request.smart_account(),
                                                         request.udis(), request.filter(), account));
    ASSIGN_OR_RETURN(const VirtualAccount to,
                     FindVirtualAccount(tx, account, request.to_virtual_account(), "to_virtual_account"));
    const Preview preview = PreviewOf(tx, account, selection, to.id);
    response->set_product_instances(preview.product_instances);
    response->set_ha_members_added(preview.product_instances - preview.chosen);
    const std::vector<PoolFigures> pools = PoolsNow().Read(tx, account, api_.clock->Now());
    ShowUse(preview, pools, response->mutable_usage());
    ShowPoolsOut(tx, account, preview, to.id, pools, response);
    return absl::OkStatus();
  }));
}

grpc::Status ProductInstanceServiceImpl::MoveProductInstances(grpc::ServerContext* context,
                                                              const v1::MoveProductInstancesRequest* request,
                                                              v1::MoveProductInstancesResponse* response) {
  if (request->validate_only()) return PreviewMove(context, *request, response);
  int64_t account = 0;
  std::optional<InstanceSelection> selection;
  return IdempotentWork(
      api_, *context, "ledger.v1.ProductInstanceService/MoveProductInstances", *request,
      request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act&) -> absl::Status {
        ASSIGN_OR_RETURN(selection, Select(tx, *context, request->smart_account(), request->udis(),
                                           request->filter(), account));
        return FindVirtualAccount(tx, account, request->to_virtual_account(), "to_virtual_account").status();
      },
      [&](const Act& act) -> absl::Status {
        Preview all;
        while (!selection->done()) {
          ASSIGN_OR_RETURN(const std::vector<int64_t> ids, NextOf(*selection));
          if (ids.empty()) continue;
          Preview moved;
          RETURN_IF_ERROR(
              api_.pool->Transact("ledger_move_product_instances", [&](pqxx::transaction_base& tx) {
                return MoveBatch(tx, account, ids, selection->only_from(), request->to_virtual_account(),
                                 Fresh(act), moved);
              }));
          all.product_instances += moved.product_instances;
          all.chosen += moved.chosen;
        }
        response->set_product_instances(all.product_instances);
        response->set_ha_members_added(all.product_instances - all.chosen);
        return absl::OkStatus();
      });
}

grpc::Status ProductInstanceServiceImpl::PreviewRemoval(grpc::ServerContext* context,
                                                        const v1::RemoveProductInstancesRequest& request,
                                                        v1::RemoveProductInstancesResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_preview_removal", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        int64_t account = 0;
        ASSIGN_OR_RETURN(InstanceSelection selection, Select(tx, *context, request.smart_account(),
                                                             request.udis(), request.filter(), account));
        const Preview preview = PreviewOf(tx, account, selection, 0);
        response->set_product_instances(preview.product_instances);
        response->set_ha_members_added(preview.product_instances - preview.chosen);
        ShowUse(preview, PoolsNow().Read(tx, account, api_.clock->Now()), response->mutable_usage());
        return absl::OkStatus();
      }));
}

grpc::Status ProductInstanceServiceImpl::RemoveProductInstances(
    grpc::ServerContext* context, const v1::RemoveProductInstancesRequest* request,
    v1::RemoveProductInstancesResponse* response) {
  if (request->validate_only()) return PreviewRemoval(context, *request, response);
  int64_t account = 0;
  std::optional<InstanceSelection> selection;
  return IdempotentWork(
      api_, *context, "ledger.v1.ProductInstanceService/RemoveProductInstances", *request,
      request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act&) -> absl::Status {
        ASSIGN_OR_RETURN(selection, Select(tx, *context, request->smart_account(), request->udis(),
                                           request->filter(), account));
        return absl::OkStatus();
      },
      [&](const Act& act) -> absl::Status {
        int64_t removed = 0, meant = 0;
        while (!selection->done()) {
          ChosenConsumers chosen;
          ASSIGN_OR_RETURN(const std::vector<int64_t> ids, NextOf(*selection));
          RETURN_IF_ERROR(api_.pool->Read("ledger_choose", [&](pqxx::transaction_base& tx) {
            chosen = ChooseConsumers(tx, account, ids, selection->only_from(), 0);
            return absl::OkStatus();
          }));
          if (chosen.leads.empty()) continue;
          ASSIGN_OR_RETURN(const int64_t in_batch, remove_(account, chosen.leads, {}, Fresh(act)));
          removed += in_batch;
          meant += chosen.chosen_elsewhere;
        }
        response->set_product_instances(removed);
        // Several batches may have meant members of one set.
        response->set_ha_members_added(std::max<int64_t>(0, removed - meant));
        return absl::OkStatus();
      });
}

grpc::Status ProductInstanceServiceImpl::ReplaceProductInstance(
    grpc::ServerContext* context, const v1::ReplaceProductInstanceRequest* request,
    v1::ProductInstance* response) {
  int64_t account = 0;
  Replaced replaced;
  return IdempotentWork(
      api_, *context, "ledger.v1.ProductInstanceService/ReplaceProductInstance", *request,
      request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        for (const common::v1::Udi* udi : {&request->old_udi(), &request->new_udi()}) {
          RETURN_IF_ERROR(CheckUdi(udi->product_id(), udi->serial_number()));
        }
        ASSIGN_OR_RETURN(const SmartAccount found,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        account = found.id;
        LockRights(tx, account);
        LockInstances(tx, act.now);
        ASSIGN_OR_RETURN(
            replaced, ReplaceInstance(tx, account,
                                      {{request->old_udi().product_id(), request->old_udi().serial_number()},
                                       {request->new_udi().product_id(), request->new_udi().serial_number()},
                                       request->force()},
                                      act));
        return absl::OkStatus();
      },
      [&](const Act& act) -> absl::Status {
        std::vector<int64_t> consumers, members;
        (replaced.ends_use ? consumers : members).push_back(replaced.old_id);
        RETURN_IF_ERROR(remove_(account, consumers, members, act).status());
        return api_.pool->Read(
            "ledger_get_product_instance", [&](pqxx::transaction_base& tx) -> absl::Status {
              const auto found = FindInstance(
                  tx, account, {request->new_udi().product_id(), request->new_udi().serial_number()});
              if (!found) {
                return ProductInstanceUnknown(request->new_udi().product_id(),
                                              request->new_udi().serial_number());
              }
              *response = ViewInstances(tx, account, {*found}, Options(true)).front();
              return absl::OkStatus();
            });
      });
}

absl::StatusOr<std::vector<int64_t>> ProductInstanceServiceImpl::NextOf(InstanceSelection& selection) const {
  // Tried again after a lost connection, it goes on from the same place.
  const InstanceSelection before = selection;
  return api_.pool->Read("ledger_select_product_instances",
                         [&](pqxx::transaction_base& tx) -> absl::StatusOr<std::vector<int64_t>> {
                           selection = before;
                           return selection.Next(tx);
                         });
}

Act ProductInstanceServiceImpl::Fresh(const Act& act) const {
  Act fresh = act;
  fresh.now = api_.clock->Now();
  return fresh;
}

}  // namespace quartermaster::ledger
