#include "services/ledger/domain/min_cost_flow.h"

#include <algorithm>
#include <deque>
#include <optional>

namespace quartermaster::ledger {

int MinCostFlow::AddEdge(int from, int to, int64_t capacity, FlowCost cost) {
  const int number = static_cast<int>(edges_.size()) / 2;
  edges_of_[from].push_back(2 * number);
  edges_.push_back({to, capacity, cost});
  edges_of_[to].push_back(2 * number + 1);
  edges_.push_back({from, 0, -cost});
  return number;
}

// Bellman-Ford with a queue: reverse edges cost less than nothing.
std::vector<int> MinCostFlow::CheapestPaths(int source) const {
  const size_t nodes = edges_of_.size();
  std::vector<std::optional<FlowCost>> cost(nodes);
  std::vector<int> last_edge(nodes, -1);
  std::vector<bool> waiting(nodes, false);
  std::deque<int> queue{source};
  cost[source] = FlowCost{};
  while (!queue.empty()) {
    const int node = queue.front();
    queue.pop_front();
    waiting[node] = false;
    for (const int number : edges_of_[node]) {
      const Edge& edge = edges_[number];
      if (edge.capacity == 0) continue;
      const FlowCost reached = *cost[node] + edge.cost;
      if (cost[edge.to].has_value() && *cost[edge.to] <= reached) continue;
      cost[edge.to] = reached;
      last_edge[edge.to] = number;
      if (!waiting[edge.to]) queue.push_back(edge.to);
      waiting[edge.to] = true;
    }
  }
  return last_edge;
}

int64_t MinCostFlow::Solve(int source, int sink) {
  int64_t total = 0;
  for (;;) {
    const std::vector<int> last_edge = CheapestPaths(source);
    if (last_edge[sink] < 0) return total;
    int64_t amount = INT64_MAX;
    for (int node = sink; node != source; node = edges_[last_edge[node] ^ 1].to) {
      amount = std::min(amount, edges_[last_edge[node]].capacity);
    }
    for (int node = sink; node != source; node = edges_[last_edge[node] ^ 1].to) {
      edges_[last_edge[node]].capacity -= amount;
      edges_[last_edge[node] ^ 1].capacity += amount;
    }
    total += amount;
  }
}

}  // namespace quartermaster::ledger
