#include "services/authority/storage/audit.h"

#include "services/authority/storage/sql_time.h"

namespace quartermaster::authority {
namespace {

constexpr char kInsertAudit[] = R"sql(
INSERT INTO authority_audit (recorded_at, actor, request_id, method, after)
VALUES ($1, $2, $3, $4, $5::text::jsonb))sql";

}  // namespace

absl::Status WriteAudit(pg::RawConnection& connection, const AuditEntry& entry, absl::Time now) {
  pg::Params params;
  params.Add(now);
  params.AddText(entry.actor);
  params.AddText(entry.request_id);
  params.AddText(entry.method);
  params.AddText(entry.after_json);
  return connection.Execute(kInsertAudit, params).status();
}

void WriteAudit(pqxx::transaction_base& transaction, const AuditEntry& entry, absl::Time now) {
  transaction.exec_params(kInsertAudit, ToTimestamp(now), entry.actor, entry.request_id, entry.method,
                          entry.after_json);
}

}  // namespace quartermaster::authority
