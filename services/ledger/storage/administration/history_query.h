// Entries of both books with the heads of their changes, page by page.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HISTORY_QUERY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HISTORY_QUERY_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

// Where an entry stands in the history.
struct HistoryPlace {
  absl::Time recorded_at;
  int64_t change_id = 0;
  int32_t place = 0;
};

struct HistoryRow {
  HistoryPlace at;
  absl::Time effective_at;
  // Stored values: ChangeKind, EntryState.
  int kind = 0;
  int from_state = 0, to_state = 0;
  std::string actor;
  std::string request_id;
  std::optional<int64_t> reverses_change_id;
  std::string tag;
  int64_t quantity = 0;
  // 0 = none.
  int64_t from_virtual_account_id = 0, to_virtual_account_id = 0;
  std::string entitlement_id;
  std::optional<UdiText> consumer;
  // The report that caused it, as ingest's feed names it.
  std::optional<int64_t> cause_change_id;
  int32_t cause_place = 0;
};

// 0 and absent = any.
struct HistoryFilter {
  int64_t smart_account_id = 0;
  int64_t virtual_account_id = 0;
  int32_t tag_id = 0;
  int64_t lot_id = 0;
  int64_t consumer_id = 0;
  int kind = 0;
  int64_t change_id = 0;
  // Not before; year 1970 = any.
  absl::Time recorded_from = absl::UnixEpoch();
  // Only entries that stand before it.
  HistoryPlace before;
  int limit = 100;
};

// Runs in the caller's transaction and throws what libpqxx throws. The latest first.
std::vector<HistoryRow> ReadHistory(pqxx::transaction_base& transaction, const HistoryFilter& filter);

// When a change was recorded; nothing when the account has no such change.
std::optional<absl::Time> RecordingOf(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      int64_t change_id);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HISTORY_QUERY_H_
