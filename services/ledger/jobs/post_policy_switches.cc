#include "services/ledger/jobs/post_policy_switches.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/storage/maintenance_store.h"
#include "services/ledger/storage/policy_store.h"
#include "services/ledger/storage/product_instance_store.h"
#include "services/ledger/storage/usage_books.h"
#include "services/ledger/storage/usage_position_store.h"

namespace quartermaster::ledger {
namespace {

constexpr int32_t kPositionsPerTransaction = 500;
constexpr char kActor[] = "service:ledger";

absl::Status PostTo(pg::RawConnection& connection, std::vector<StoredPosition>& positions, int64_t account,
                    int32_t incarnation, absl::Time now) {
  std::vector<StoredPosition*> all;
  for (StoredPosition& position : positions) all.push_back(&position);
  RETURN_IF_ERROR(LoadChunks(connection, all));
  ASSIGN_OR_RETURN(const auto policies, LoadPolicies(connection, {&account, 1}));
  UsageBooks books;
  std::vector<int64_t> consumers;
  for (const StoredPosition& position : positions) consumers.push_back(position.key.consumer_id);
  RETURN_IF_ERROR(books.LearnFormerHomes(connection, account, consumers));
  for (StoredPosition& position : positions) {
    for (const CausedDelta& caused : position.timeline.Apply({}, policies.at(account))) {
      books.Add({.smart_account_id = account,
                 .virtual_account_id = position.virtual_account_id,
                 .consumer_id = position.key.consumer_id,
                 .tag_id = position.key.tag_id,
                 .effective_s = caused.delta.effective_s,
                 .quantity = caused.delta.quantity});
    }
  }
  RETURN_IF_ERROR(SavePositions(connection, all));
  return books.Write(connection, incarnation, {ChangeKind::kPolicySwitch, kActor, "", now});
}

// What was removed while it counted for nothing uses nothing from the switch on, when it would count again.
absl::Status ReleaseRemoved(pg::RawConnection& connection, const std::vector<StoredPosition>& positions,
                            const UnpostedSwitch& posted, int32_t incarnation, absl::Time now) {
  const int64_t account = posted.smart_account_id;
  std::vector<int64_t> using_consumers;
  for (const StoredPosition& position : positions) {
    if (position.timeline.position().in_use > 0) using_consumers.push_back(position.key.consumer_id);
  }
  if (using_consumers.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<int64_t> removed,
                   RemovedConsumers(connection, account, using_consumers));
  std::vector<PositionKey> keys;
  for (const StoredPosition& position : positions) {
    if (position.timeline.position().in_use > 0 &&
        std::find(removed.begin(), removed.end(), position.key.consumer_id) != removed.end()) {
      keys.push_back(position.key);
    }
  }
  if (keys.empty()) return absl::OkStatus();
  return ReleasePositions(connection, keys, incarnation,
                          {.smart_account_id = account,
                           .actor = kActor,
                           .request_id = {},
                           .method = "post_policy_switches",
                           .audit = absl::StrCat("{\"released_positions\":", keys.size(), "}"),
                           .now = now,
                           .effective_at = posted.effective_at});
}

}  // namespace

absl::StatusOr<bool> PostPolicySwitches::RunOnce(absl::Time now) {
  ASSIGN_OR_RETURN(const bool any, session_.Look([](pg::RawConnection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::optional<UnpostedSwitch> unposted, NextUnpostedSwitch(connection));
    return unposted.has_value();
  }));
  if (!any) return false;
  bool more = false;
  RETURN_IF_ERROR(
      session_.Transact(now, [&](pg::RawConnection& connection, int32_t incarnation) -> absl::Status {
        ASSIGN_OR_RETURN(std::optional<UnpostedSwitch> unposted, NextUnpostedSwitch(connection));
        more = unposted.has_value();
        if (!more) return absl::OkStatus();
        ASSIGN_OR_RETURN(std::vector<StoredPosition> positions,
                         LoadUnverifiablePositions(connection, unposted->through, kPositionsPerTransaction));
        if (positions.empty()) return MarkSwitchPosted(connection, *unposted, now);
        unposted->through = positions.back().key;
        RETURN_IF_ERROR(PostTo(connection, positions, unposted->smart_account_id, incarnation, now));
        RETURN_IF_ERROR(ReleaseRemoved(connection, positions, *unposted, incarnation, now));
        return SavePostedThrough(connection, *unposted);
      }));
  return more;
}

}  // namespace quartermaster::ledger
