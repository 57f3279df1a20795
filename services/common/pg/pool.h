// Connections to PostgreSQL for everything that need not be the fastest: libpqxx transactions that
// answer absl::Status. The hot paths (group commit, apply) use raw_connection.h.
#ifndef QUARTERMASTER_SERVICES_COMMON_PG_POOL_H_
#define QUARTERMASTER_SERVICES_COMMON_PG_POOL_H_

#include <functional>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace quartermaster::pg {

struct Options {
  // libpq connection string or URI; may name several hosts. Role and password included.
  std::string connection_string;
  // Shown in pg_stat_activity, for example "ledger".
  std::string application_name;
  int connections_max = 8;
  // How long a call may wait for a connection and retry what can be retried.
  absl::Duration patience = absl::Seconds(10);
  // Server-side bounds; old transactions would hold back the change feeds.
  absl::Duration statement_timeout = absl::Seconds(60);
  // Called after every Transact and Read with its name, how long it took, waiting and retries
  // included, and how it ended; for metrics. Thread-safe. May be empty.
  std::function<void(std::string_view name, absl::Duration took, const absl::Status& status)> observer;
};

// The connection string with the session settings that every service connection has:
// application_name, statement_timeout, idle_in_transaction_session_timeout, search_path
// quartermaster, TimeZone UTC, target_session_attrs=read-write, connect_timeout, TCP keepalives.
std::string SessionConnectionString(const Options& options);

// Thread-safe. Connects lazily and again after failures.
class Pool {
 public:
  explicit Pool(Options options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Runs `body` in a READ COMMITTED transaction and commits when it returns OK; any error rolls
  // back. Serialisation failures, deadlocks and connections lost before COMMIT was sent are retried
  // within options.patience, so `body` may run several times. A COMMIT whose outcome is not known
  // answers `pg.commit_in_doubt` (not retried here: the caller re-reads by its key).
  // A COMMIT that waits for a synchronous standby waits until it comes: to give up would show
  // others what may still be lost.
  // `name` labels metrics and logs, for example "ledger_list_pools".
  //
  // `body` is StatusOr<T>(pqxx::transaction_base&) or Status(pqxx::transaction_base&).
  template <typename Body>
  auto Transact(std::string_view name, Body&& body) -> std::invoke_result_t<Body, pqxx::transaction_base&> {
    using Result = std::invoke_result_t<Body, pqxx::transaction_base&>;
    Result result = absl::UnknownError("transaction did not run");
    absl::Status status = Run(name, Mode::kReadWrite, [&](pqxx::transaction_base& transaction) {
      result = body(transaction);
      return StatusOf(result);
    });
    if (!status.ok()) return status;
    return result;
  }

  // The same in a REPEATABLE READ, READ ONLY transaction: one snapshot for all its statements.
  template <typename Body>
  auto Read(std::string_view name, Body&& body) -> std::invoke_result_t<Body, pqxx::transaction_base&> {
    using Result = std::invoke_result_t<Body, pqxx::transaction_base&>;
    Result result = absl::UnknownError("transaction did not run");
    absl::Status status = Run(name, Mode::kReadOnly, [&](pqxx::transaction_base& transaction) {
      result = body(transaction);
      return StatusOf(result);
    });
    if (!status.ok()) return status;
    return result;
  }

  const Options& options() const { return options_; }

 private:
  enum class Mode { kReadWrite, kReadOnly };
  static absl::Status StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static absl::Status StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }
  absl::Status Run(std::string_view name, Mode mode,
                   const std::function<absl::Status(pqxx::transaction_base&)>& body);
  struct Session;
  struct Attempt;
  Attempt RunOnce(Mode mode, const std::function<absl::Status(pqxx::transaction_base&)>& body,
                  absl::Time deadline);
  absl::StatusOr<std::unique_ptr<Session>> Acquire(absl::Time deadline);
  void Release(std::unique_ptr<Session> session, bool healthy);
  void DiscardIdle();
  bool CanAcquire() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const std::string connection_string_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_ ABSL_GUARDED_BY(mutex_);
  // Idle and in use together.
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
};

// SQLSTATE to status, the one place. Connection failures and 57P0x are UNAVAILABLE (retryable),
// 40001/40P01 ABORTED, 25006 UNAVAILABLE, 57014 DEADLINE_EXCEEDED, 53xxx RESOURCE_EXHAUSTED, 23505
// ALREADY_EXISTS, other class 23 FAILED_PRECONDITION, the rest INTERNAL.
absl::Status StatusFromSqlState(std::string_view sql_state, std::string_view message);

}  // namespace quartermaster::pg

#endif  // QUARTERMASTER_SERVICES_COMMON_PG_POOL_H_
