#include "services/ledger/jobs/move_joined_rights.h"

#include <optional>

#include "services/common/status/status_macros.h"
#include "services/ledger/storage/administration/joined_rights.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {

absl::StatusOr<bool> MoveJoinedRightsJob::RunOnce(absl::Time now) {
  // Hardly ever is there one, and nothing is locked or written.
  ASSIGN_OR_RETURN(
      const std::optional<JoinedInstance> joined,
      pool_.Read("ledger_find_joined_instance",
                 [](pqxx::transaction_base& transaction) -> absl::StatusOr<std::optional<JoinedInstance>> {
                   return FindJoinedInstance(transaction);
                 }));
  if (!joined.has_value()) return false;
  RETURN_IF_ERROR(
      pool_.Transact("ledger_move_joined_rights", [&](pqxx::transaction_base& transaction) -> absl::Status {
        LockRights(transaction, joined->smart_account_id);
        LockInstances(transaction, now);
        const Act act{.actor = "service:ledger", .method = "move_joined_rights", .now = now};
        MoveJoinedRights(transaction, *joined, act);
        return absl::OkStatus();
      }));
  return true;
}

}  // namespace quartermaster::ledger
