// Many callers' movements of one Smart Account in one transaction: each is decided by itself, in order, and
// answered by itself; what is written is written once for all.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_GROUP_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_GROUP_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ledger/api/movements/movement_call.h"
#include "services/ledger/api/movements/movement_names.h"
#include "services/ledger/domain/rights_book.h"

namespace quartermaster::ledger {

// What a group leaves to the next: the rights as they are while the account has this stamp.
struct KeptRights {
  int64_t smart_account_id = 0;
  int64_t stamp = 0;
  RightsBook book;
  KnownLots lots;
};

// Runs the group in `transaction`. Sets `result` of every call, and `response` of those that are OK; an error
// of its own means that nothing was decided. `kept` is what the last group left, if it committed; afterwards
// it is what this one leaves, if it commits. `smart_account` is a domain or name; empty = the default.
// No two calls have the same request id or undo the same movement.
absl::Status RunMovementGroup(pqxx::transaction_base& transaction, const std::string& smart_account,
                              absl::Time now, std::span<MovementCall* const> calls,
                              std::optional<KeptRights>& kept);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_GROUP_H_
