#include "services/common/pg/pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/pqxx_session.h"

namespace quartermaster::pg {
namespace {

// Pauses between attempts: from 10 ms, doubling to 500 ms, jittered so that clients of a server
// that comes back do not arrive together.
class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration pause = base_ * absl::Uniform(random_, 0.5, 1.0);
    base_ = std::min(base_ * 2, absl::Milliseconds(500));
    return pause;
  }

 private:
  absl::Duration base_ = absl::Milliseconds(10);
  absl::InsecureBitGen random_;
};

using ReadWrite = pqxx::transaction<pqxx::read_committed, pqxx::read_write>;
using ReadOnlySnapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

}  // namespace

struct Pool::Session {
  explicit Session(const std::string& connection_string)
      : connection(connection_string), raw(LastConnectionOfThread()) {}

  bool Usable() const { return PQstatus(raw) == CONNECTION_OK && PQtransactionStatus(raw) == PQTRANS_IDLE; }

  PqxxConnection connection;
  PGconn* const raw;
};

struct Pool::Attempt {
  absl::Status status;
  bool retry = false;
  // The server went away or is no primary any more: other idle sessions are stale too.
  bool server_changed = false;
};

Pool::Pool(Options options)
    : options_(std::move(options)), connection_string_(SessionConnectionString(options_)) {}

Pool::~Pool() = default;

absl::Status Pool::Run(std::string_view name, Mode mode,
                       const std::function<absl::Status(pqxx::transaction_base&)>& body) {
  const absl::Time start = absl::Now();
  const absl::Time deadline = start + options_.patience;
  Backoff backoff;
  absl::Status status;
  for (;;) {
    Attempt attempt = RunOnce(mode, body, deadline);
    status = std::move(attempt.status);
    if (!attempt.retry) break;
    const absl::Duration pause = backoff.Next();
    if (absl::Now() + pause >= deadline) break;
    absl::SleepFor(pause);
  }
  if (options_.observer) options_.observer(name, absl::Now() - start, status);
  return status;
}

namespace {

// Runs the body and ends the transaction. Sets `committing` before COMMIT is sent.
absl::Status RunReadWrite(PqxxConnection& connection, PGconn* raw,
                          const std::function<absl::Status(pqxx::transaction_base&)>& body,
                          bool& committing) {
  ReadWrite transaction(connection);
  absl::Status status = body(transaction);
  if (!status.ok()) {
    transaction.abort();
    return status;
  }
  // COMMIT would roll back and not say so.
  if (PQtransactionStatus(raw) == PQTRANS_INERROR) {
    return StatementFailed("transaction: got a failed statement that its caller ignored");
  }
  TakeStandbyWaitCancelled();
  committing = true;
  transaction.commit();
  if (TakeStandbyWaitCancelled()) {
    return CommitInDoubt("commit: the wait for the synchronous standby was cancelled");
  }
  return absl::OkStatus();
}

absl::Status RunReadOnly(PqxxConnection& connection,
                         const std::function<absl::Status(pqxx::transaction_base&)>& body) {
  ReadOnlySnapshot transaction(connection);
  absl::Status status = body(transaction);
  transaction.abort();
  return status;
}

bool ConnectionLost(std::string_view sql_state) {
  return sql_state.empty() || sql_state.substr(0, 2) == "08" || sql_state.substr(0, 3) == "57P";
}

}  // namespace

Pool::Attempt Pool::RunOnce(Mode mode, const std::function<absl::Status(pqxx::transaction_base&)>& body,
                            absl::Time deadline) {
  absl::StatusOr<std::unique_ptr<Session>> session = Acquire(deadline);
  if (!session.ok()) {
    return {session.status(), /*retry=*/absl::IsUnavailable(session.status())};
  }
  Attempt attempt;
  bool committing = false;
  try {
    attempt.status = mode == Mode::kReadOnly
                         ? RunReadOnly((*session)->connection, body)
                         : RunReadWrite((*session)->connection, (*session)->raw, body, committing);
  } catch (const pqxx::in_doubt_error& error) {
    attempt = {CommitInDoubt(error.what()), false, true};
  } catch (const pqxx::broken_connection& error) {
    attempt = committing ? Attempt{CommitInDoubt(error.what()), false, true}
                         : Attempt{Unavailable(error.what()), true, true};
  } catch (const pqxx::statement_completion_unknown& error) {
    attempt = {CommitInDoubt(error.what()), false};
  } catch (const pqxx::transaction_rollback& error) {
    attempt = {SerializationConflict(error.what()), true};
  } catch (const pqxx::sql_error& error) {
    const std::string& sql_state = error.sqlstate();
    const bool lost = ConnectionLost(sql_state);
    if (lost && committing) {
      attempt = {CommitInDoubt(error.what()), false, true};
    } else {
      const bool standby = sql_state == "25006";
      attempt = {StatusFromSqlState(sql_state, error.what()), lost || standby, lost || standby};
    }
  } catch (const std::exception& error) {
    attempt.status = StatementFailed(error.what());
  }
  if (attempt.server_changed) DiscardIdle();
  const bool healthy = !attempt.server_changed && (*session)->Usable();
  Release(*std::move(session), healthy);
  return attempt;
}

bool Pool::CanAcquire() const { return !idle_.empty() || open_ < options_.connections_max; }

absl::StatusOr<std::unique_ptr<Pool::Session>> Pool::Acquire(absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithDeadline(absl::Condition(this, &Pool::CanAcquire), deadline)) {
      return OutOfResources(absl::StrCat("connections: got all ", options_.connections_max, " in use for ",
                                         absl::FormatDuration(options_.patience), ", want one free"));
    }
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
    ++open_;
  }
  absl::Status status;
  try {
    return std::make_unique<Session>(connection_string_);
  } catch (const pqxx::sql_error& error) {
    status = StatusFromSqlState(error.sqlstate(), error.what());
  } catch (const std::exception& error) {
    status = Unavailable(error.what());
  }
  absl::MutexLock lock(&mutex_);
  --open_;
  return status;
}

void Pool::Release(std::unique_ptr<Session> session, bool healthy) {
  // Closing says goodbye to the server: not under the lock.
  if (!healthy) session.reset();
  absl::MutexLock lock(&mutex_);
  if (session != nullptr) {
    idle_.push_back(std::move(session));
  } else {
    --open_;
  }
}

void Pool::DiscardIdle() {
  std::vector<std::unique_ptr<Session>> stale;
  absl::MutexLock lock(&mutex_);
  stale.swap(idle_);
  open_ -= static_cast<int>(stale.size());
}

}  // namespace quartermaster::pg
