#include "services/ledger/domain/compliance.h"

#include <map>
#include <unordered_map>

namespace quartermaster::ledger {
namespace {

void LendWithinVirtualAccount(std::span<PoolCompliance*> pools, const SubstitutionHierarchy& hierarchy) {
  std::vector<TagBalance> balances;
  std::unordered_map<int32_t, PoolCompliance*> by_tag;
  for (PoolCompliance* pool : pools) {
    balances.push_back({pool->figures.tag_id, pool->figures.tag, pool->figures.balance()});
    by_tag[pool->figures.tag_id] = pool;
  }
  for (const Lending& lending : CoverShortages(balances, hierarchy)) {
    by_tag[lending.from_tag_id]->lent += lending.quantity;
    PoolCompliance& borrower = *by_tag[lending.to_tag_id];
    borrower.borrowed += lending.quantity;
    borrower.substitutions.push_back(lending);
  }
}

ComplianceStatus StatusOf(const PoolCompliance& pool) {
  if (!pool.figures.known) return ComplianceStatus::kUnknown;
  const int64_t balance = pool.balance_after_substitution();
  if (balance >= 0) return ComplianceStatus::kIn;
  return -balance <= pool.figures.overage_quantity ? ComplianceStatus::kOverage : ComplianceStatus::kOut;
}

int64_t SurplusOf(const PoolCompliance& pool) {
  return std::max<int64_t>(0, pool.balance_after_substitution());
}

}  // namespace

std::vector<PoolCompliance> AssessPools(std::vector<PoolFigures> pools,
                                        const SubstitutionHierarchy& hierarchy) {
  std::vector<PoolCompliance> assessed(pools.size());
  std::map<int64_t, std::vector<PoolCompliance*>> by_virtual_account;
  for (size_t i = 0; i < pools.size(); ++i) {
    assessed[i].figures = std::move(pools[i]);
    by_virtual_account[assessed[i].figures.virtual_account_id].push_back(&assessed[i]);
  }
  for (auto& [id, members] : by_virtual_account) LendWithinVirtualAccount(members, hierarchy);
  std::unordered_map<int32_t, int64_t> surplus_of_tag;
  for (const PoolCompliance& pool : assessed) {
    surplus_of_tag[pool.figures.tag_id] += SurplusOf(pool);
  }
  for (PoolCompliance& pool : assessed) {
    pool.surplus_elsewhere = surplus_of_tag[pool.figures.tag_id] - SurplusOf(pool);
    pool.status = StatusOf(pool);
  }
  return assessed;
}

ComplianceStatus WorstOf(std::span<const PoolCompliance> pools, int64_t virtual_account_id) {
  ComplianceStatus worst = ComplianceStatus::kIn;
  for (const PoolCompliance& pool : pools) {
    if (pool.figures.virtual_account_id == virtual_account_id) worst = Worst(worst, pool.status);
  }
  return worst;
}

}  // namespace quartermaster::ledger
