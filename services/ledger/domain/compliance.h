// Whether pools hold what is used of them. From figures to statuses; where the figures come from
// (now, or as of a date) does not matter here.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COMPLIANCE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COMPLIANCE_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "services/ledger/domain/substitution.h"

namespace quartermaster::ledger {

// In the order of badness: the worst of several is their maximum.
enum class ComplianceStatus { kIn = 0, kUnknown = 1, kOverage = 2, kOut = 3 };

inline ComplianceStatus Worst(ComplianceStatus a, ComplianceStatus b) { return std::max(a, b); }

// What one consumer takes of a tag: the larger of what it reports and what is authorised and
// reserved for it, never the sum.
inline int64_t ConsumedBy(int64_t reported, int64_t authorized, int64_t reserved) {
  return std::max(reported, authorized + reserved);
}

struct PoolFigures {
  int64_t virtual_account_id = 0;
  int32_t tag_id = 0;
  std::string tag;
  std::string display_name;
  // Whether the catalogue knows the tag.
  bool known = false;
  // Unexpired quantity and what the contracts bill above it.
  int64_t entitled = 0;
  int64_t overage_quantity = 0;
  int64_t in_use = 0;
  // What is authorised or reserved beyond what the consumers report.
  int64_t reserved = 0;

  int64_t balance() const { return entitled - in_use - reserved; }
};

struct PoolCompliance {
  PoolFigures figures;
  int64_t borrowed = 0;
  int64_t lent = 0;
  std::vector<Lending> substitutions;  // what it borrows
  // Of the same tag, in the other Virtual Accounts of the Smart Account, after what they lend.
  int64_t surplus_elsewhere = 0;
  ComplianceStatus status = ComplianceStatus::kIn;

  int64_t balance_after_substitution() const { return figures.balance() + borrowed - lent; }
};

// All pools of one Smart Account, in the order given. Never pooled across Virtual Accounts.
std::vector<PoolCompliance> AssessPools(std::vector<PoolFigures> pools,
                                        const SubstitutionHierarchy& hierarchy);

// The worst of a Virtual Account's pools; without any, in compliance.
ComplianceStatus WorstOf(std::span<const PoolCompliance> pools, int64_t virtual_account_id);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_COMPLIANCE_H_
