// What every administrative write leaves behind in its own transaction: its answer under its request
// id, an audit row, and a row in ledger's change feed.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_

#include <optional>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ledger/storage/ledger_change_store.h"

namespace quartermaster::ledger {

// Who asks for a change, and when.
struct Act {
  std::string actor;
  std::string request_id;
  // Full method name, for the audit.
  std::string method;
  absl::Time now;
};

// A request as the log of answers knows it.
struct LoggedCall {
  Act act;
  // Of the method and the request's content.
  std::string content_hash;
};

// The answer that was kept for this caller and request id, per call. `ledger.request_id_reused` when it was
// another request. Nothing for an empty request id.
using KeptAnswer = absl::StatusOr<std::optional<std::string>>;
std::vector<KeptAnswer> FindAnswers(pqxx::transaction_base& transaction,
                                    std::span<const LoggedCall* const> calls);

// Keeps the answers, one per call; of those without a request id nothing. Throws pqxx::unique_violation when
// another transaction answered one of them meanwhile. No two calls may have the same caller and request id.
void KeepAnswers(pqxx::transaction_base& transaction, std::span<const LoggedCall* const> calls,
                 std::span<const std::string> answers);

// `before` and `after` are JSON objects; empty = nothing.
void WriteAudit(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act,
                const std::string& before, const std::string& after);

struct AuditRow {
  const Act* act = nullptr;
  std::string before, after;
};
void WriteAudits(pqxx::transaction_base& transaction, int64_t smart_account_id,
                 std::span<const AuditRow> rows);

// The head of a movement that is to be written, with its entries.
struct NewChange {
  ChangeKind kind = ChangeKind::kAdministration;
  std::span<const EntryLeaf> entries;
  const Act* act = nullptr;
  // The change that this one undoes.
  std::optional<int64_t> reverses;
};
// Adds the heads and returns their change ids, in order.
std::vector<int64_t> WriteChanges(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                  absl::Time recorded_at, std::span<const NewChange> changes);

// The head of one change without a movement to undo.
int64_t WriteChange(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                    std::span<const EntryLeaf> entries, const Act& act);

// A JSON string of `text`, quotes included.
std::string JsonString(std::string_view text);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_
