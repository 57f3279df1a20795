#include "services/common/pg/leader.h"

#include <utility>

#include "services/common/status/status_macros.h"

namespace quartermaster::pg {

LeaderLock::LeaderLock(Options options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {}

LeaderLock::~LeaderLock() = default;

void LeaderLock::Release() {
  leading_ = false;
  // Ends the session and with it the lock, whatever state the connection is in.
  connection_.reset();
}

absl::StatusOr<bool> LeaderLock::TryAcquire() {
  static constexpr char kSql[] = "SELECT pg_try_advisory_lock(hashtextextended('leader/' || $1, 0))";
  if (leading_ && StillLeader()) return true;
  if (connection_ == nullptr || !connection_->healthy()) {
    Release();
    ASSIGN_OR_RETURN(connection_, RawConnection::Connect(options_));
  }
  Params params;
  params.AddText(name_);
  auto acquired = connection_->Execute(kSql, params);
  if (!acquired.ok()) {
    Release();
    return acquired.status();
  }
  leading_ = acquired->Bool(0, 0);
  return leading_;
}

bool LeaderLock::StillLeader() {
  static constexpr char kSql[] = "SELECT 1";
  if (!leading_) return false;
  // The lock lives exactly as long as the session: an answer on it is proof.
  if (connection_->Execute(kSql, Params()).ok()) return true;
  Release();
  return false;
}

}  // namespace quartermaster::pg
