#include "services/ledger/storage/maintenance_store.h"

#include <algorithm>

#include "services/common/status/status_macros.h"
#include "services/ledger/domain/reporting_status.h"

namespace quartermaster::ledger {
namespace {

// Stale as domain/reporting_status.h says; flags & 1 is a clock suspect.
#define QM_MEANT_BY_FILTER                                                                               \
  " u.smart_account_id = $1 AND u.in_use > 0 AND ($2 = 0 OR u.product_instance_id = $2)"                 \
  " AND CASE WHEN $3 <> '' THEN t.tag = $3"                                                              \
  " ELSE u.flags & 1 = 0 AND greatest("                                                                  \
  "  (SELECT l.last_measured_s FROM product_instances l"                                                 \
  "   WHERE l.smart_account_id = u.smart_account_id AND l.product_instance_id = u.product_instance_id)," \
  "  (SELECT max(m.last_measured_s) FROM product_instances m"                                            \
  "   WHERE m.smart_account_id = u.smart_account_id AND m.ha_lead_id = u.product_instance_id"            \
  "    AND m.ha_lead_id <> m.product_instance_id)) - u.latest_end_s >= $4 END"

constexpr char kPositionsToRelease[] =
    "SELECT u.product_instance_id, u.tag_id FROM usage_positions u JOIN license_tags t USING (tag_id)"
    " WHERE (u.product_instance_id, u.tag_id) > ($5, $6) AND" QM_MEANT_BY_FILTER
    " ORDER BY u.product_instance_id, u.tag_id LIMIT $7";

constexpr char kStillToRelease[] =
    "SELECT u.product_instance_id, u.tag_id"
    " FROM unnest($5::bigint[], $6::int[]) AS k (product_instance_id, tag_id)"
    " JOIN usage_positions u ON u.smart_account_id = $1 AND u.product_instance_id = k.product_instance_id"
    " AND u.tag_id = k.tag_id JOIN license_tags t ON t.tag_id = u.tag_id WHERE" QM_MEANT_BY_FILTER;

#undef QM_MEANT_BY_FILTER

constexpr char kPositionsInUse[] =
    "SELECT product_instance_id, tag_id FROM usage_positions"
    " WHERE smart_account_id = $1 AND product_instance_id = ANY ($2) AND in_use > 0 ORDER BY 1, 2";

constexpr char kNextUnposted[] = R"sql(
  SELECT DISTINCT ON (smart_account_id) smart_account_id, effective_at, posted_through_product_instance_id,
         posted_through_tag_id
  FROM unverifiable_policies WHERE posted_at IS NULL
  ORDER BY smart_account_id, effective_at DESC LIMIT 1)sql";

constexpr char kSaveThrough[] = R"sql(
  UPDATE unverifiable_policies SET posted_through_product_instance_id = $3, posted_through_tag_id = $4
  WHERE smart_account_id = $1 AND effective_at = $2)sql";

constexpr char kMarkPosted[] = R"sql(
  UPDATE unverifiable_policies SET posted_at = $3
  WHERE smart_account_id = $1 AND effective_at <= $2 AND posted_at IS NULL)sql";

// Of several changes the newest decides which policy a product instance has; an older one that comes late
// changes neither.
constexpr char kTakeAcknowledgements[] = R"sql(
  UPDATE product_instances p SET last_acknowledged_at = a.issued_at, delivered_policy_id = a.policy_id
  FROM (SELECT DISTINCT ON (s.udi_pid, s.udi_sn) s.udi_pid, s.udi_sn, c.issued_at,
               nullif(sender.policy_id, 0) AS policy_id
        FROM unnest($1::bigint[], $2::bigint[]) AS k (smart_account_id, change_id)
        JOIN authority_v1_changes c USING (smart_account_id, change_id)
        CROSS JOIN LATERAL unnest(c.sender_ids, c.policy_ids) AS sender (sender_id, policy_id)
        JOIN ingest_v1_senders s USING (sender_id)
        ORDER BY s.udi_pid, s.udi_sn, c.issued_at DESC, c.change_id DESC) a
  WHERE p.udi_pid = a.udi_pid AND p.udi_sn = a.udi_sn
    AND (p.last_acknowledged_at IS NULL OR p.last_acknowledged_at <= a.issued_at))sql";

pg::Params ParamsOf(const ReleaseFilter& filter) {
  pg::Params params;
  params.Add(filter.smart_account_id);
  params.Add(filter.consumer_id.value_or(0));
  params.AddText(filter.tag);
  params.Add(kStaleAfterS);
  return params;
}

std::vector<PositionKey> KeysOf(const ReleaseFilter& filter, const pg::Result& rows) {
  std::vector<PositionKey> keys;
  for (int row = 0; row < rows.rows(); ++row) {
    keys.push_back({filter.smart_account_id, rows.Int64(row, 0), rows.Int32(row, 1)});
  }
  return keys;
}

constexpr char kAllSmartAccounts[] = "SELECT smart_account_id FROM smart_accounts ORDER BY 1";

constexpr char kOldestUnbooked[] =
    "SELECT min(received_at) FROM (SELECT c.received_at FROM ingest_v1_changes c, ledger_cursors k"
    " WHERE k.consumer = 'apply_reports'"
    "  AND (c.incarnation, c.xid, c.change_id) > (k.incarnation, k.xid, k.change_id)"
    " ORDER BY c.incarnation, c.xid, c.change_id LIMIT 1) AS unbooked";

constexpr char kAnyHostnames[] =
    "SELECT EXISTS (SELECT FROM ingest_v1_system_infos"
    " WHERE (received_at, sender_id) > ($1, $2) AND received_at < $3)";

// ledger_take_hostnames: the device knows its name better than an inventory that was imported.
constexpr char kTakeHostnames[] = R"sql(
  WITH info AS MATERIALIZED (
    SELECT i.smart_account_id, i.sender_id, i.received_at, i.hostname, s.udi_pid, s.udi_sn
    FROM ingest_v1_system_infos i JOIN ingest_v1_senders s USING (sender_id)
    WHERE (i.received_at, i.sender_id) > ($1, $2) AND i.received_at < $3
    ORDER BY i.received_at, i.sender_id LIMIT $4),
  named AS (
    UPDATE product_instances p SET hostname = i.hostname FROM info i
    WHERE p.smart_account_id = i.smart_account_id AND p.udi_pid = i.udi_pid AND p.udi_sn = i.udi_sn
      AND i.hostname <> '' AND p.hostname <> i.hostname
      AND NOT EXISTS (SELECT FROM instance_erasures e
                      WHERE (e.smart_account_id, e.product_instance_id) = (p.smart_account_id, p.product_instance_id)
                        AND i.received_at <= e.erased_at))
  SELECT received_at, sender_id FROM info ORDER BY received_at DESC, sender_id DESC LIMIT 1)sql";

// A transaction of ingest takes far less.
constexpr absl::Duration kCommitsWithin = absl::Seconds(5);

}  // namespace

absl::StatusOr<std::vector<PositionKey>> PositionsToRelease(pg::RawConnection& connection,
                                                            const ReleaseFilter& filter,
                                                            const PositionKey& after, int32_t limit) {
  pg::Params params = ParamsOf(filter);
  params.Add(after.consumer_id);
  params.Add(after.tag_id);
  params.Add(int64_t{limit});
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kPositionsToRelease, params));
  return KeysOf(filter, rows);
}

absl::StatusOr<std::vector<PositionKey>> StillToRelease(pg::RawConnection& connection,
                                                        const ReleaseFilter& filter,
                                                        std::span<const PositionKey> keys) {
  std::vector<int64_t> consumers;
  std::vector<int32_t> tags;
  for (const PositionKey& key : keys) {
    consumers.push_back(key.consumer_id);
    tags.push_back(key.tag_id);
  }
  pg::Params params = ParamsOf(filter);
  params.AddArray(consumers);
  params.AddArray(tags);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kStillToRelease, params));
  return KeysOf(filter, rows);
}

absl::StatusOr<std::vector<PositionKey>> PositionsInUse(pg::RawConnection& connection,
                                                        int64_t smart_account_id,
                                                        std::span<const int64_t> consumers) {
  pg::Params params;
  params.Add(smart_account_id);
  params.AddArray(consumers);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kPositionsInUse, params));
  return KeysOf({.smart_account_id = smart_account_id, .consumer_id = {}, .tag = {}}, rows);
}

absl::StatusOr<std::optional<UnpostedSwitch>> NextUnpostedSwitch(pg::RawConnection& connection) {
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kNextUnposted, pg::Params()));
  if (rows.rows() == 0) return std::nullopt;
  const int64_t account = rows.Int64(0, 0);
  return UnpostedSwitch{account, rows.Time(0, 1), {account, rows.Int64(0, 2), rows.Int32(0, 3)}};
}

absl::Status SavePostedThrough(pg::RawConnection& connection, const UnpostedSwitch& unposted) {
  pg::Params params;
  params.Add(unposted.smart_account_id);
  params.Add(unposted.effective_at);
  params.Add(unposted.through.consumer_id);
  params.Add(unposted.through.tag_id);
  return connection.Execute(kSaveThrough, params).status();
}

absl::Status MarkSwitchPosted(pg::RawConnection& connection, const UnpostedSwitch& unposted, absl::Time now) {
  pg::Params params;
  params.Add(unposted.smart_account_id);
  params.Add(unposted.effective_at);
  params.Add(now);
  return connection.Execute(kMarkPosted, params).status();
}

absl::Status TakeAcknowledgements(pg::RawConnection& connection, std::span<const pg::Change> changes) {
  std::vector<int64_t> accounts, ids;
  for (const pg::Change& change : changes) {
    accounts.push_back(change.smart_account_id);
    ids.push_back(change.position.change_id);
  }
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(ids);
  return connection.Execute(kTakeAcknowledgements, params).status();
}

absl::StatusOr<std::vector<int64_t>> AllSmartAccounts(pg::RawConnection& connection) {
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kAllSmartAccounts, pg::Params()));
  std::vector<int64_t> accounts;
  for (int row = 0; row < result.rows(); ++row) accounts.push_back(result.Int64(row, 0));
  return accounts;
}

absl::StatusOr<absl::Time> HostnamesReadableUntil(pg::RawConnection& connection, absl::Time now) {
  ASSIGN_OR_RETURN(const pg::Result oldest, connection.Execute(kOldestUnbooked, pg::Params()));
  const absl::Time until = now - kCommitsWithin;
  return oldest.IsNull(0, 0) ? until : std::min(until, oldest.Time(0, 0));
}

absl::StatusOr<bool> AnyHostnames(pg::RawConnection& connection, const HostnamesTaken& taken,
                                  absl::Time until) {
  pg::Params params;
  params.Add(taken.received_at);
  params.Add(taken.sender_id);
  params.Add(until);
  ASSIGN_OR_RETURN(const pg::Result any, connection.Execute(kAnyHostnames, params));
  return any.Bool(0, 0);
}

absl::Status TakeHostnames(pg::RawConnection& connection, absl::Time until, int32_t limit,
                           HostnamesTaken& taken) {
  pg::Params params;
  params.Add(taken.received_at);
  params.Add(taken.sender_id);
  params.Add(until);
  params.Add(int64_t{limit});
  ASSIGN_OR_RETURN(const pg::Result last, connection.Execute(kTakeHostnames, params));
  if (last.rows() > 0) taken = {last.Time(0, 0), last.Int64(0, 1)};
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
