#include "services/ledger/jobs/release_usage.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/jobs/usage_session.h"
#include "services/ledger/storage/audit_store.h"
#include "services/ledger/storage/maintenance_store.h"
#include "services/ledger/storage/policy_store.h"
#include "services/ledger/storage/usage_books.h"
#include "services/ledger/storage/usage_position_store.h"

namespace quartermaster::ledger {
namespace {

constexpr char kMethod[] = "ledger.v1.ProductInstanceService/ReleaseUsage";
constexpr int32_t kPositionsPerTransaction = 500;

absl::StatusOr<ReleaseFilter> FilterOf(pg::RawConnection& connection, const UsageRelease& release) {
  ReleaseFilter filter{release.smart_account_id, std::nullopt, release.tag};
  if (!release.udi) return filter;
  ASSIGN_OR_RETURN(const std::vector<InstanceRow> found, FindInstances(connection, {&*release.udi, 1}));
  if (found.empty() || found[0].smart_account_id != release.smart_account_id) {
    return ProductInstanceUnknown(release.udi->product_id, release.udi->serial_number);
  }
  filter.consumer_id = found[0].lead_id;
  return filter;
}

std::vector<int64_t> ConsumersOf(const std::vector<PositionKey>& keys) {
  std::vector<int64_t> consumers;
  for (const PositionKey& key : keys) consumers.push_back(key.consumer_id);
  return consumers;
}

}  // namespace

absl::Status ReleasePositions(pg::RawConnection& connection, const std::vector<PositionKey>& keys,
                              int32_t incarnation, const ReleaseAct& act) {
  ASSIGN_OR_RETURN(std::vector<StoredPosition> positions, LoadPositions(connection, keys));
  std::vector<StoredPosition*> all;
  for (StoredPosition& position : positions) all.push_back(&position);
  RETURN_IF_ERROR(LoadChunks(connection, all));
  ASSIGN_OR_RETURN(const auto policies, LoadPolicies(connection, {&act.smart_account_id, 1}));
  UsageBooks books;
  books.Touch(act.smart_account_id);
  RETURN_IF_ERROR(books.LearnFormerHomes(connection, act.smart_account_id, ConsumersOf(keys)));
  for (StoredPosition& position : positions) {
    for (const UsageDelta& delta : position.timeline.Release(
             absl::ToUnixSeconds(act.effective_at.value_or(act.now)), policies.at(act.smart_account_id))) {
      books.Add({.smart_account_id = act.smart_account_id,
                 .virtual_account_id = position.virtual_account_id,
                 .consumer_id = position.key.consumer_id,
                 .tag_id = position.key.tag_id,
                 .effective_s = delta.effective_s,
                 .quantity = delta.quantity});
    }
  }
  RETURN_IF_ERROR(SavePositions(connection, all));
  RETURN_IF_ERROR(
      books.Write(connection, incarnation, {ChangeKind::kRelease, act.actor, act.request_id, act.now}));
  return InsertAudit(connection, {.smart_account_id = act.smart_account_id,
                                  .recorded_at = act.now,
                                  .actor = act.actor,
                                  .request_id = act.request_id,
                                  .method = act.method,
                                  .after = act.audit});
}

// What to release is looked for without the lock, page by page; each page is looked at again under it.
absl::StatusOr<int64_t> ReleaseUsage(const pg::Options& database, const UsageRelease& release,
                                     absl::Time now) {
  UsageSession session(database);
  ReleaseFilter filter;
  std::vector<PositionKey> page;
  PositionKey after;
  const auto next_page = [&](pg::RawConnection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(filter, FilterOf(connection, release));
    ASSIGN_OR_RETURN(page, PositionsToRelease(connection, filter, after, kPositionsPerTransaction));
    return !page.empty();
  };
  int64_t released = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool any, session.Look(next_page));
    if (!any) return released;
    after = page.back();
    RETURN_IF_ERROR(
        session.Transact(now, [&](pg::RawConnection& connection, int32_t incarnation) -> absl::Status {
          ASSIGN_OR_RETURN(const std::vector<PositionKey> keys, StillToRelease(connection, filter, page));
          released += std::ssize(keys);
          if (keys.empty()) return absl::OkStatus();
          return ReleasePositions(connection, keys, incarnation,
                                  {.smart_account_id = release.smart_account_id,
                                   .actor = release.actor,
                                   .request_id = release.request_id,
                                   .method = kMethod,
                                   .audit = absl::StrCat("{\"released_positions\":", keys.size(), "}"),
                                   .now = now});
        }));
  }
}

absl::StatusOr<int64_t> ReleaseStaleUsage(const pg::Options& database, absl::Time now) {
  std::vector<int64_t> accounts;
  UsageSession session(database);
  RETURN_IF_ERROR(session
                      .Look([&](pg::RawConnection& connection) -> absl::StatusOr<bool> {
                        ASSIGN_OR_RETURN(accounts, AllSmartAccounts(connection));
                        return !accounts.empty();
                      })
                      .status());
  int64_t released = 0;
  for (const int64_t account : accounts) {
    UsageRelease stale;
    stale.smart_account_id = account;
    stale.actor = "service:ledger";
    ASSIGN_OR_RETURN(const int64_t of_account, ReleaseUsage(database, stale, now));
    released += of_account;
  }
  return released;
}

}  // namespace quartermaster::ledger
