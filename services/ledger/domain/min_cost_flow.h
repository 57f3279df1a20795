// Maximum flow of least cost in a small network, by successive shortest paths. Costs are pairs that
// compare lexicographically, so that a tie-breaker never outweighs the first cost, however large the
// flows are. Deterministic: the same network gives the same flow. Pure; not thread-safe.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_MIN_COST_FLOW_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_MIN_COST_FLOW_H_

#include <compare>
#include <cstdint>
#include <vector>

namespace quartermaster::ledger {

struct FlowCost {
  int64_t first = 0;
  int64_t tie_breaker = 0;
  auto operator<=>(const FlowCost&) const = default;
  FlowCost operator+(const FlowCost& other) const {
    return {first + other.first, tie_breaker + other.tie_breaker};
  }
  FlowCost operator-() const { return {-first, -tie_breaker}; }
};

class MinCostFlow {
 public:
  explicit MinCostFlow(int nodes) : edges_of_(nodes) {}

  // Capacity and cost per unit, not negative. Returns the edge's number.
  int AddEdge(int from, int to, int64_t capacity, FlowCost cost);
  // Sends as much as possible from `source` to `sink`; returns how much. Once.
  int64_t Solve(int source, int sink);
  // How much flows over an edge, after Solve.
  int64_t FlowOf(int edge) const { return edges_[2 * edge + 1].capacity; }

 private:
  // Each edge is followed by its reverse, whose capacity is what flows.
  struct Edge {
    int to;
    int64_t capacity;
    FlowCost cost;
  };
  // The last edge on the cheapest path to each node; -1 where there is none.
  std::vector<int> CheapestPaths(int source) const;

  std::vector<Edge> edges_;
  std::vector<std::vector<int>> edges_of_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_MIN_COST_FLOW_H_
