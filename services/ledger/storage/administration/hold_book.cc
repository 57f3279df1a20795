#include "services/ledger/storage/administration/hold_book.h"

#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define HOLD_COLUMNS                                                                     \
  "hold_id, name, reason, (extract(epoch FROM placed_at) * 1000000)::bigint, placed_by," \
  " (extract(epoch FROM released_at) * 1000000)::bigint, released_by"

// ingest_drop_report_month takes the same key alone.
constexpr char kLockOutRetention[] = "SELECT pg_advisory_xact_lock_shared(hashtext('report_retention'))";
constexpr char kFindHold[] = "SELECT " HOLD_COLUMNS
                             " FROM account_holds WHERE smart_account_id = $1 AND name = $2"
                             " ORDER BY released_at IS NULL DESC, hold_id DESC LIMIT 1";
constexpr char kInsertHold[] =
    "INSERT INTO account_holds (smart_account_id, name, reason, placed_at, placed_by)"
    " VALUES ($1, $2, $3, $4::timestamptz, $5)"
    " ON CONFLICT (smart_account_id, name) WHERE released_at IS NULL DO NOTHING RETURNING " HOLD_COLUMNS;
constexpr char kReleaseHold[] =
    "UPDATE account_holds SET released_at = $3::timestamptz, released_by = $4"
    " WHERE smart_account_id = $1 AND name = $2 AND released_at IS NULL RETURNING " HOLD_COLUMNS;
constexpr char kListHolds[] =
    "SELECT " HOLD_COLUMNS
    " FROM account_holds WHERE smart_account_id = $1 AND hold_id > $2 AND ($3 OR released_at IS NULL)"
    " ORDER BY hold_id LIMIT $4";

#undef HOLD_COLUMNS

Hold HoldOf(const pqxx::row& row) {
  return {.id = row[0].as<int64_t>(),
          .name = row[1].as<std::string>(),
          .reason = row[2].as<std::string>(),
          .placed_at = MicrosAt(row[3]),
          .placed_by = row[4].as<std::string>(),
          .released_at = OptionalMicrosAt(row[5]),
          .released_by = row[6].as<std::string>()};
}

std::optional<Hold> OnlyHold(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return HoldOf(rows[0]);
}

}  // namespace

void LockOutRetention(pqxx::transaction_base& transaction) { transaction.exec(kLockOutRetention); }

std::optional<Hold> FindHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                             const std::string& name) {
  return OnlyHold(transaction.exec_params(kFindHold, smart_account_id, name));
}

std::optional<Hold> InsertHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                               const std::string& name, const std::string& reason, const Act& act) {
  return OnlyHold(
      transaction.exec_params(kInsertHold, smart_account_id, name, reason, TimeText(act.now), act.actor));
}

std::optional<Hold> ReleaseHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::string& name, const Act& act) {
  return OnlyHold(
      transaction.exec_params(kReleaseHold, smart_account_id, name, TimeText(act.now), act.actor));
}

std::vector<Hold> ListHolds(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            bool include_released, int64_t after_id, int limit) {
  std::vector<Hold> holds;
  for (const auto& row :
       transaction.exec_params(kListHolds, smart_account_id, after_id, include_released, limit)) {
    holds.push_back(HoldOf(row));
  }
  return holds;
}

}  // namespace quartermaster::ledger
