// Rows of ledger_audit for writers that hold the lock of the usage books; the others write theirs with
// storage/administration/request_log.h.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUDIT_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUDIT_STORE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

struct AuditRow {
  int64_t smart_account_id = 0;
  absl::Time recorded_at;
  std::string actor;
  std::string request_id;
  // Full method name.
  std::string method;
  // A JSON object: what is so from now on.
  std::string after;
};
absl::Status InsertAudit(pg::RawConnection& connection, const AuditRow& row);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_AUDIT_STORE_H_
