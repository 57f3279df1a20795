#include "services/ledger/storage/audit_store.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertAudit[] =
    "INSERT INTO ledger_audit (smart_account_id, recorded_at, actor, request_id, method, after)"
    " VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)";

}  // namespace

absl::Status InsertAudit(pg::RawConnection& connection, const AuditRow& row) {
  pg::Params params;
  params.Add(row.smart_account_id);
  params.Add(row.recorded_at);
  params.AddText(row.actor);
  params.AddText(row.request_id);
  params.AddText(row.method);
  params.AddText(row.after);
  return connection.Execute(kInsertAudit, params).status();
}

}  // namespace quartermaster::ledger
