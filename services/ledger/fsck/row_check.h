// A rule that the server can check by itself: a query whose every row is a finding.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECK_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECK_H_

#include <span>

namespace quartermaster::ledger::fsck {

struct RowCheck {
  const char* rule;
  // Columns: subject, got, want (text).
  const char* sql;
};

// authorization_checks.cc
std::span<const RowCheck> AuthorizationChecks();

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_ROW_CHECK_H_
