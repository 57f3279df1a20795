// Rules that the server can check by itself: each is a query whose every row is a finding.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECKS_H_

#include <pqxx/pqxx>
#include <string_view>

#include "services/ledger/fsck/finding.h"

namespace quartermaster::ledger::fsck {

// Runs all of them in the caller's snapshot; at most kFindingsPerRuleMax findings are named per
// rule. `progress` is told which rule comes next; false when it said stop. Throws what libpqxx throws.
inline constexpr int kFindingsPerRuleMax = 1000;
bool CheckRows(pqxx::transaction_base& transaction, const FindingSink& sink, const Progress& progress);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECKS_H_
