#include "services/ledger/storage/administration/request_log.h"

#include <nlohmann/json.hpp>

#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectAnswer[] = R"sql(
  SELECT content_hash, answer FROM ledger_requests WHERE caller = $1 AND request_id = $2)sql";

constexpr char kInsertAnswer[] = R"sql(
  INSERT INTO ledger_requests (caller, request_id, content_hash, answer, recorded_at)
  VALUES ($1, $2, $3, $4, $5::timestamptz))sql";

constexpr char kInsertAudit[] = R"sql(
  INSERT INTO ledger_audit (smart_account_id, recorded_at, actor, request_id, method, before, after)
  VALUES ($1, $2::timestamptz, $3, $4, $5, nullif($6, '')::jsonb, nullif($7, '')::jsonb))sql";

constexpr char kInsertChange[] = R"sql(
  INSERT INTO ledger_changes (smart_account_id, incarnation, recorded_at, kind, entry_count, entries_root,
    actor, request_id, reverses_change_id)
  SELECT $1, max(incarnation), $2::timestamptz, $3, $4, $5, $6, $7, $8 FROM database_incarnations
  RETURNING change_id)sql";

}  // namespace

absl::StatusOr<std::optional<std::string>> FindAnswer(pqxx::transaction_base& transaction, const Act& act,
                                                      const std::string& content_hash) {
  if (act.request_id.empty()) return std::nullopt;
  const pqxx::result rows = transaction.exec_params(kSelectAnswer, act.actor, act.request_id);
  if (rows.empty()) return std::nullopt;
  if (pqxx::binarystring(rows[0][0]).str() != content_hash) return RequestIdReused(act.request_id);
  return pqxx::binarystring(rows[0][1]).str();
}

void KeepAnswer(pqxx::transaction_base& transaction, const Act& act, const std::string& content_hash,
                const std::string& answer) {
  if (act.request_id.empty()) return;
  transaction.exec_params(kInsertAnswer, act.actor, act.request_id, pqxx::binarystring(content_hash),
                          pqxx::binarystring(answer), TimeText(act.now));
}

void WriteAudit(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act,
                const std::string& before, const std::string& after) {
  transaction.exec_params(kInsertAudit, smart_account_id, TimeText(act.now), act.actor, act.request_id,
                          act.method, before, after);
}

int64_t WriteChange(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                    std::span<const EntryLeaf> entries, const Act& act, std::optional<int64_t> reverses) {
  const EntriesSeal seal = Seal(entries);
  return transaction
      .exec_params1(kInsertChange, smart_account_id, TimeText(act.now), static_cast<int>(kind),
                    seal.entry_count, pqxx::binarystring(std::string(View(seal.entries_root))), act.actor,
                    act.request_id, reverses)[0]
      .as<int64_t>();
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quartermaster::ledger
