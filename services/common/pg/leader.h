// Which replica runs a periodic job: a session advisory lock on a direct connection.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_LEADER_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_LEADER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/common/pg/pool.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::pg {

// One per job. Not thread-safe. Needs a session of its own (no transaction pooler between).
//
// A leader that was cut off may not know it yet, so the lock alone fences nothing. Run the job's
// transactions on connection(): lock and transaction then live and die in the same server session,
// and what a former leader started can no longer commit. A job that works through a Pool must
// itself be safe to run twice at once.
class LeaderLock {
 public:
  // `name` identifies the job in this database, for example "ledger/seal_blocks".
  LeaderLock(Options options, std::string name);
  ~LeaderLock();

  // Connects when needed. True: this replica leads, newly or still. False: another one does.
  absl::StatusOr<bool> TryAcquire();
  // Asks the server; false also when it does not answer.
  bool StillLeader();
  // Of the session that holds the lock; null when this replica does not lead.
  RawConnection* connection() { return leading_ ? connection_.get() : nullptr; }
  // Lets another replica lead at once.
  void Release();

 private:
  const Options options_;
  const std::string name_;
  std::unique_ptr<RawConnection> connection_;
  bool leading_ = false;
};

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_LEADER_H_
