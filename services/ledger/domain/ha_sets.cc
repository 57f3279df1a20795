#include "services/ledger/domain/ha_sets.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace quartermaster::ledger {
namespace {

bool ByUdi(const HaInstance* a, const HaInstance* b) {
  return std::tie(a->udi_pid, a->udi_sn) < std::tie(b->udi_pid, b->udi_sn);
}

}  // namespace

void HaSets::Add(const HaInstance& instance) {
  const int64_t id = instance.product_instance_id;
  if (!instances_.emplace(id, instance).second) return;
  parent_.emplace(id, id);
  size_.emplace(id, 1);
  const auto [other, is_first] = follower_of_.emplace(instance.lead_id, id);
  if (is_first) return;
  // What is stored was believed before, whatever its size.
  const int64_t root = RootOf(other->second);
  size_[root] += 1;
  parent_[id] = root;
}

bool HaSets::Contains(int64_t product_instance_id) const { return instances_.contains(product_instance_id); }

int64_t HaSets::RootOf(int64_t id) const {
  while (parent_.at(id) != id) id = parent_.at(id);
  return id;
}

bool HaSets::Join(int64_t a, int64_t b) {
  const int64_t root_a = RootOf(a);
  const int64_t root_b = RootOf(b);
  if (root_a == root_b) return true;
  if (size_[root_a] + size_[root_b] > kHaSetMembersMax) return false;
  size_[root_a] += size_[root_b];
  parent_[root_b] = root_a;
  return true;
}

std::vector<HaSet> HaSets::Changed() const {
  std::map<int64_t, std::vector<const HaInstance*>> by_root;
  for (const auto& [id, instance] : instances_) by_root[RootOf(id)].push_back(&instance);
  std::vector<HaSet> changed;
  for (auto& [root, members] : by_root) {
    std::sort(members.begin(), members.end(), ByUdi);
    HaSet set{.lead_id = members.front()->product_instance_id, .members = {}, .leads_before = {}};
    std::set<int64_t> leads;
    for (const HaInstance* member : members) {
      set.members.push_back(member->product_instance_id);
      leads.insert(member->lead_id);
    }
    if (leads == std::set<int64_t>{set.lead_id}) continue;
    set.leads_before.assign(leads.begin(), leads.end());
    changed.push_back(std::move(set));
  }
  return changed;
}

}  // namespace quartermaster::ledger
