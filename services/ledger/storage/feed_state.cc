#include "services/ledger/storage/feed_state.h"

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectFeedState[] = R"sql(
  SELECT (SELECT c.received_at FROM ingest_v1_changes c
          WHERE (c.incarnation, c.xid, c.change_id)
              > (coalesce(k.incarnation, 0), coalesce(k.xid, '0'::xid8), coalesce(k.change_id, 0))
          ORDER BY c.incarnation, c.xid, c.change_id LIMIT 1),
         pg_snapshot_xmin(s.snapshot), pg_snapshot_xmax(s.snapshot)
  FROM (SELECT pg_current_snapshot() AS snapshot) s
  LEFT JOIN ledger_cursors k ON k.consumer = 'apply_reports')sql";

}  // namespace

absl::StatusOr<FeedState> ReadFeedState(pg::RawConnection& connection) {
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectFeedState, pg::Params()));
  FeedState state;
  if (!rows.IsNull(0, 0)) state.oldest_unapplied = rows.Time(0, 0);
  if (const uint64_t oldest = rows.Xid(0, 1); oldest < rows.Xid(0, 2)) state.holding_xid = oldest;
  return state;
}

}  // namespace quartermaster::ledger
