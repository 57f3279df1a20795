#include "services/common/postgres_host/readiness.h"

#include <postgresql/libpq-fe.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/postgres_host/postgres_host_errors.h"
#include "services/common/postgres_host/postmaster.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::postgres_host {
namespace {

// A server that accepts connections but refuses ours reads its new configuration within this time.
constexpr absl::Duration kRefusalPatience = absl::Seconds(5);

absl::StatusOr<std::unique_ptr<pg::RawConnection>> Connect(const std::string& connection_string) {
  pg::Options options;
  options.connection_string = connection_string;
  options.application_name = "embedded_postgres";
  return pg::RawConnection::Connect(options);
}

}  // namespace

absl::Status AwaitReady(const Awaited& server, absl::Time deadline, const std::atomic<bool>& stopping) {
  const std::string ping = server.connection_string + " connect_timeout=2";
  absl::Time refused_since = absl::InfiniteFuture();
  // Each question costs the server a process, just when it is busy with its recovery.
  absl::Duration pause = absl::Milliseconds(20);
  for (;;) {
    if (!IsRunning(server.pid, server.cluster_directory)) {
      return StartFailed("postgres: ended at start");
    }
    absl::Status status = StartFailed("does not accept connections yet");
    if (PQping(ping.c_str()) == PQPING_OK) {
      status = Connect(server.connection_string).status();
      if (status.ok()) return status;
      refused_since = std::min(refused_since, absl::Now());
    }
    if (stopping) return StartFailed("postgres: stopped while it was starting");
    const absl::Time now = absl::Now();
    if (now >= deadline || now - refused_since > kRefusalPatience) {
      return StartFailed(absl::StrCat("postgres, process ", server.pid, ": ", std::string(status.message())));
    }
    absl::SleepFor(pause);
    pause = std::min(pause * 1.3, absl::Milliseconds(250));
  }
}

absl::Status EnsureDatabase(const std::string& connection_string) {
  static constexpr char kSelect[] = "SELECT 1 FROM pg_database WHERE datname = 'quartermaster'";
  static constexpr char kCreate[] = "CREATE DATABASE quartermaster";
  ASSIGN_OR_RETURN(const auto connection, Connect(connection_string));
  // The session of a node that was killed may be at it still.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (true) {
    ASSIGN_OR_RETURN(const pg::Result found, connection->Execute(kSelect, pg::Params()));
    if (found.rows() > 0) return absl::OkStatus();
    const absl::Status created = connection->Run(kCreate);
    const std::string sql_state = pg::SqlStateOf(created);
    // unique_violation, duplicate_database, object_in_use (the template).
    const bool is_made_elsewhere = sql_state == "23505" || sql_state == "42P04" || sql_state == "55006";
    if (!is_made_elsewhere || absl::Now() > deadline) return created;
    absl::SleepFor(absl::Milliseconds(50));
  }
}

}  // namespace quartermaster::postgres_host
