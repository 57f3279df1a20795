#include "services/ingest/storage/lookup_session.h"

#include "services/common/pg/change_feed.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {

// A plan that was made while the tables were empty would scan them, and be kept while they grow: so
// only index look-ups are offered.
constexpr char kPreferIndexes[] =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET plan_cache_mode = force_generic_plan";

absl::StatusOr<pg::RawConnection*> LookupSession::Connection() {
  if (connection_ != nullptr && connection_->healthy()) return connection_.get();
  connection_.reset();
  ASSIGN_OR_RETURN(std::unique_ptr<pg::RawConnection> connection, pg::RawConnection::Connect(database_));
  RETURN_IF_ERROR(connection->Run(kPreferIndexes));
  ASSIGN_OR_RETURN(incarnation_, pg::CurrentIncarnation(*connection));
  connection_ = std::move(connection);
  return connection_.get();
}

}  // namespace quartermaster::ingest
