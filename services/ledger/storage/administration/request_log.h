// What every administrative write leaves behind in its own transaction: its answer under its request
// id, an audit row, and a row in ledger's change feed.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_

#include <optional>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <string_view>

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

// The answer that was kept for this caller and request id. `ledger.request_id_reused` when it was
// another request. Nothing for an empty request id.
absl::StatusOr<std::optional<std::string>> FindAnswer(pqxx::transaction_base& transaction, const Act& act,
                                                      const std::string& content_hash);
// Throws pqxx::unique_violation when another transaction answered the same request meanwhile.
void KeepAnswer(pqxx::transaction_base& transaction, const Act& act, const std::string& content_hash,
                const std::string& answer);

// `before` and `after` are JSON objects; empty = nothing.
void WriteAudit(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act,
                const std::string& before, const std::string& after);

// Adds the head of a movement with these entries and returns its change id. `reverses`: of the change that
// this one undoes.
int64_t WriteChange(pqxx::transaction_base& transaction, int64_t smart_account_id, ChangeKind kind,
                    std::span<const EntryLeaf> entries, const Act& act,
                    std::optional<int64_t> reverses = std::nullopt);

// A JSON string of `text`, quotes included.
std::string JsonString(std::string_view text);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_REQUEST_LOG_H_
