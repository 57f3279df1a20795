#include "services/ledger/jobs/remove_instances.h"

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/jobs/usage_session.h"
#include "services/ledger/storage/maintenance_store.h"
#include "services/ledger/storage/product_instance_store.h"

namespace quartermaster::ledger {

absl::StatusOr<int64_t> RemoveInstances(const pg::Options& database, const InstanceRemoval& removal,
                                        absl::Time now) {
  UsageSession session(database);
  int64_t removed = 0;
  RETURN_IF_ERROR(
      session.Transact(now, [&](pg::RawConnection& connection, int32_t incarnation) -> absl::Status {
        ASSIGN_OR_RETURN(removed, MarkRemoved(connection, removal.smart_account_id, removal.consumers,
                                              removal.members, now));
        if (removed == 0) return absl::OkStatus();
        ASSIGN_OR_RETURN(const std::vector<PositionKey> keys,
                         PositionsInUse(connection, removal.smart_account_id, removal.consumers));
        return ReleasePositions(connection, keys, incarnation,
                                {.smart_account_id = removal.smart_account_id,
                                 .actor = removal.actor,
                                 .request_id = removal.request_id,
                                 .method = removal.method,
                                 .audit = absl::StrCat("{\"removed_product_instances\":", removed,
                                                       ",\"released_positions\":", keys.size(), "}"),
                                 .now = now});
      }));
  return removed;
}

}  // namespace quartermaster::ledger
