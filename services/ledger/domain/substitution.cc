#include "services/ledger/domain/substitution.h"

#include <algorithm>
#include <deque>

#include "services/ledger/domain/min_cost_flow.h"

namespace quartermaster::ledger {
namespace {

std::vector<TagBalance> Sorted(std::span<const TagBalance> pools) {
  std::vector<TagBalance> sorted(pools.begin(), pools.end());
  std::sort(sorted.begin(), sorted.end(), [](const TagBalance& a, const TagBalance& b) {
    return std::pair(a.tag, a.tag_id) < std::pair(b.tag, b.tag_id);
  });
  return sorted;
}

struct Edge {
  int number;
  Lending lending;
};

}  // namespace

std::map<int32_t, int> SubstitutionHierarchy::CoveredBy(int32_t tag) const {
  std::map<int32_t, int> distance{{tag, 0}};
  std::deque<int32_t> queue{tag};
  while (!queue.empty()) {
    const int32_t higher = queue.front();
    queue.pop_front();
    const auto lower = lower_of_.find(higher);
    if (lower == lower_of_.end()) continue;
    for (const int32_t next : lower->second) {
      if (distance.emplace(next, distance[higher] + 1).second) queue.push_back(next);
    }
  }
  distance.erase(tag);
  return distance;
}

bool SubstitutionHierarchy::IsAcyclic() const {
  for (const auto& [tag, lower] : lower_of_) {
    for (const int32_t next : lower) {
      if (next == tag || CoveredBy(next).contains(tag)) return false;
    }
  }
  return true;
}

std::vector<Lending> CoverShortages(std::span<const TagBalance> pools,
                                    const SubstitutionHierarchy& hierarchy) {
  const auto is_short = [](const TagBalance& pool) { return pool.balance < 0; };
  const auto has_surplus = [](const TagBalance& pool) { return pool.balance > 0; };
  if (hierarchy.empty() || std::none_of(pools.begin(), pools.end(), is_short) ||
      std::none_of(pools.begin(), pools.end(), has_surplus)) {
    return {};
  }
  const std::vector<TagBalance> sorted = Sorted(pools);
  const int count = static_cast<int>(sorted.size());
  const int source = count;
  const int sink = count + 1;
  MinCostFlow flow(count + 2);
  std::vector<Edge> edges;
  for (int lender = 0; lender < count; ++lender) {
    if (is_short(sorted[lender])) flow.AddEdge(lender, sink, -sorted[lender].balance, {});
    if (!has_surplus(sorted[lender])) continue;
    flow.AddEdge(source, lender, sorted[lender].balance, {});
    const std::map<int32_t, int> covered = hierarchy.CoveredBy(sorted[lender].tag_id);
    for (int borrower = 0; borrower < count; ++borrower) {
      const auto distance = covered.find(sorted[borrower].tag_id);
      if (distance == covered.end() || !is_short(sorted[borrower])) continue;
      const FlowCost cost{distance->second, int64_t{lender} * count + borrower};
      const int number = flow.AddEdge(lender, borrower, -sorted[borrower].balance, cost);
      edges.push_back({number, {sorted[lender].tag_id, sorted[borrower].tag_id, 0}});
    }
  }
  flow.Solve(source, sink);
  std::vector<Lending> lendings;
  for (Edge& edge : edges) {
    edge.lending.quantity = flow.FlowOf(edge.number);
    if (edge.lending.quantity > 0) lendings.push_back(edge.lending);
  }
  return lendings;
}

}  // namespace quartermaster::ledger
