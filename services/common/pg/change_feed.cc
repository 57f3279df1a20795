#include "services/common/pg/change_feed.h"

#include <cctype>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::pg {
namespace {

// One row comparison says both "an older incarnation" and "below the snapshot horizon", and bounds
// the index range from above. The horizon is that of the statement's own snapshot.
#define QM_FEED_SQL(view, time_column, count_column, bytes_column)                                         \
  "SELECT incarnation, xid, change_id, smart_account_id, " time_column ", " count_column ", " bytes_column \
  " FROM " view                                                                                            \
  " WHERE (incarnation, xid, change_id) > ($1, $2, $3)"                                                    \
  " AND (incarnation, xid) < ((SELECT max(incarnation) FROM database_incarnations),"                       \
  " pg_snapshot_xmin(pg_current_snapshot()))"                                                              \
  " ORDER BY incarnation, xid, change_id LIMIT $4"

constexpr char kSelectIngestChanges[] =
    QM_FEED_SQL("ingest_v1_changes", "received_at", "report_count", "digest_bytes");
constexpr char kSelectLedgerChanges[] =
    QM_FEED_SQL("ledger_v1_changes", "recorded_at", "entry_count", "0::bigint");
constexpr char kSelectAuthorityChanges[] =
    QM_FEED_SQL("authority_v1_changes", "issued_at", "cardinality(sender_ids)", "0::bigint");

#undef QM_FEED_SQL

// Statements on one cursor table. Prepared statements are known by address, so these live for ever.
struct CursorSql {
  std::string lock;
  std::string insert;
  std::string move;
};

// Table names are constants of our code, never input; anything else is a defect.
bool IsTableName(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (!std::islower(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

absl::StatusOr<const CursorSql*> CursorSqlOf(std::string_view table) {
  if (!IsTableName(table)) {
    return StatementFailed(absl::StrCat("cursor table: got \"", std::string(table), "\", want [a-z_]+"));
  }
  static absl::Mutex mutex;
  static auto* known = new std::map<std::string, CursorSql, std::less<>>();
  absl::MutexLock lock(&mutex);
  auto found = known->find(table);
  if (found == known->end()) {
    const std::string name(table);
    found =
        known
            ->emplace(
                name,
                CursorSql{
                    .lock = absl::StrCat("SELECT incarnation, xid, change_id FROM ", name,
                                         " WHERE consumer = $1 FOR UPDATE"),
                    .insert = absl::StrCat("INSERT INTO ", name,
                                           " (consumer, incarnation, xid, change_id, updated_at)"
                                           " VALUES ($1, 0, '0', 0, $2) ON CONFLICT (consumer) DO NOTHING"),
                    .move = absl::StrCat("UPDATE ", name,
                                         " SET incarnation = $2, xid = $3, change_id = $4,"
                                         " updated_at = $5 WHERE consumer = $1"),
                })
            .first;
  }
  return &found->second;
}

}  // namespace

const Feed kIngestFeed = {kSelectIngestChanges, "ingest_changes"};
const Feed kLedgerFeed = {kSelectLedgerChanges, "ledger_changes"};
const Feed kAuthorityFeed = {kSelectAuthorityChanges, "authority_changes"};

absl::StatusOr<int32_t> CurrentIncarnation(RawConnection& connection) {
  static constexpr char kSql[] = "SELECT max(incarnation) FROM database_incarnations";
  ASSIGN_OR_RETURN(const Result result, connection.Execute(kSql, Params()));
  if (result.IsNull(0, 0)) {
    return StatementFailed("database_incarnations: got no row, want the migrated schema");
  }
  return result.Int32(0, 0);
}

absl::StatusOr<FeedPosition> LockCursor(RawConnection& connection, const char* cursor_table,
                                        std::string_view consumer, absl::Time now) {
  ASSIGN_OR_RETURN(const CursorSql* sql, CursorSqlOf(cursor_table));
  Params key;
  key.AddText(consumer);
  ASSIGN_OR_RETURN(Result locked, connection.Execute(sql->lock.c_str(), key));
  if (locked.rows() == 0) {
    Params start = key;
    start.Add(now);
    RETURN_IF_ERROR(connection.Execute(sql->insert.c_str(), start).status());
    ASSIGN_OR_RETURN(locked, connection.Execute(sql->lock.c_str(), key));
    if (locked.rows() == 0) return StatementFailed(absl::StrCat(cursor_table, ": got no row"));
  }
  return FeedPosition{locked.Int32(0, 0), locked.Xid(0, 1), locked.Int64(0, 2)};
}

absl::Status MoveCursor(RawConnection& connection, const char* cursor_table, std::string_view consumer,
                        const FeedPosition& position, absl::Time now) {
  ASSIGN_OR_RETURN(const CursorSql* sql, CursorSqlOf(cursor_table));
  Params params;
  params.AddText(consumer);
  params.Add(position.incarnation);
  params.AddXid(position.xid);
  params.Add(position.change_id);
  params.Add(now);
  ASSIGN_OR_RETURN(const Result moved, connection.Execute(sql->move.c_str(), params));
  if (moved.affected_rows() != 1) {
    return StatementFailed(absl::StrCat(cursor_table, ": got no row of consumer \"", std::string(consumer),
                                        "\", want it locked before"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Change>> ReadChanges(RawConnection& connection, const Feed& feed,
                                                const FeedPosition& after, int32_t limit) {
  Params params;
  params.Add(after.incarnation);
  params.AddXid(after.xid);
  params.Add(after.change_id);
  params.Add(int64_t{limit});
  ASSIGN_OR_RETURN(const Result result, connection.Execute(feed.select_sql, params));
  std::vector<Change> changes;
  changes.reserve(result.rows());
  for (int row = 0; row < result.rows(); ++row) {
    changes.push_back({
        .position = {result.Int32(row, 0), result.Xid(row, 1), result.Int64(row, 2)},
        .smart_account_id = result.Int64(row, 3),
        .at = result.Time(row, 4),
        .count = result.Int32(row, 5),
        .bytes = result.Int64(row, 6),
    });
  }
  return changes;
}

absl::Status NotifyFeed(RawConnection& connection, const Feed& feed) {
  static constexpr char kSql[] = "SELECT pg_notify($1, '')";
  Params params;
  params.AddText(feed.channel);
  return connection.Execute(kSql, params).status();
}

}  // namespace quartermaster::pg
