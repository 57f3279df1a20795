#include "services/ledger/jobs/move_joined_rights.h"

#include <vector>

#include "services/common/status/status_macros.h"
#include "services/ledger/storage/administration/joined_rights.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

constexpr int kInstancesPerRun = 100;

}  // namespace

absl::StatusOr<bool> MoveJoinedRightsJob::RunOnce(absl::Time now) {
  // Hardly ever is there one, and nothing is locked or written.
  ASSIGN_OR_RETURN(
      const std::vector<JoinedInstance> found,
      pool_.Read("ledger_find_joined_instances",
                 [](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<JoinedInstance>> {
                   return FindJoinedInstances(transaction, kInstancesPerRun);
                 }));
  bool moved = false;
  absl::Status failed;
  for (const JoinedInstance& joined : found) {
    // One that cannot be moved keeps no other.
    const absl::Status status =
        pool_.Transact("ledger_move_joined_rights", [&](pqxx::transaction_base& transaction) -> absl::Status {
          LockRights(transaction, joined.smart_account_id);
          LockInstances(transaction, now);
          const Act act{.actor = "service:ledger", .method = "move_joined_rights", .now = now};
          MoveJoinedRights(transaction, joined, act);
          return absl::OkStatus();
        });
    moved |= status.ok();
    if (!status.ok()) failed = status;
  }
  RETURN_IF_ERROR(failed);
  return moved;
}

}  // namespace quartermaster::ledger
