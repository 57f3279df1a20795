// Holds of Smart Accounts.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HOLD_BOOK_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HOLD_BOOK_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

struct Hold {
  int64_t id = 0;
  std::string name;
  std::string reason;
  absl::Time placed_at;
  std::string placed_by;
  // Nothing while it is in force.
  std::optional<absl::Time> released_at;
  std::string released_by;
};

// Until the transaction ends, no month of reports is dropped: a hold is either seen by retention, or
// comes after it. Waits for a month that is being dropped.
void LockOutRetention(pqxx::transaction_base& transaction);

// The newest hold of that name, whether it is in force or not.
std::optional<Hold> FindHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                             const std::string& name);

// Nothing when one of that name is in force already.
std::optional<Hold> InsertHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                               const std::string& name, const std::string& reason, const Act& act);

// Nothing when it is not in force.
std::optional<Hold> ReleaseHold(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::string& name, const Act& act);

// At most `limit` after `after_id`, by id.
std::vector<Hold> ListHolds(pqxx::transaction_base& transaction, int64_t smart_account_id,
                            bool include_released, int64_t after_id, int limit);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_HOLD_BOOK_H_
