// The audit rows of authority: who changed what, in the transaction of the change.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUDIT_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUDIT_H_

#include <pqxx/pqxx>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::authority {

struct AuditEntry {
  // Id of the API client, or "service:authority" for what the service does by itself.
  std::string actor;
  std::string request_id;
  // Name of the RPC or job.
  std::string method;
  // JSON: what is there now that was not before.
  std::string after_json;
};

inline constexpr char kServiceActor[] = "service:authority";

// Within the caller's transaction.
absl::Status WriteAudit(pg::RawConnection& connection, const AuditEntry& entry, absl::Time now);
// Throws what libpqxx throws.
void WriteAudit(pqxx::transaction_base& transaction, const AuditEntry& entry, absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_AUDIT_H_
