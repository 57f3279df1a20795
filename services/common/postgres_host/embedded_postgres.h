// The private PostgreSQL of a node: initialises it, starts or adopts it, keeps it running, stops
// it. Its server process outlives a node that is killed; the next node adopts it.
//
// Below the node's data directory: postgres/ (the cluster), run/ (its socket), postgres.lock and
// postgres.users (see Stop), postgres_start.log (what it said before its own log in postgres/log).
//
// Nothing listens on TCP. Through the socket only the user that the node runs as comes in, as any
// of our roles. A node that runs as root runs the server as the owner of postgres/, or as the user
// "postgres" when it makes it; data_directory and all above it must be open to that user to pass.
#ifndef QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_EMBEDDED_POSTGRES_H_
#define QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_EMBEDDED_POSTGRES_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace quartermaster::postgres_host {

struct EmbeddedOptions {
  // Of the node; made when it is not there.
  std::string data_directory;
  // With initdb and postgres; empty = the newest that is installed in the usual places.
  std::string binary_directory;
  int64_t shared_buffers_bytes = 128ll << 20;
  int64_t wal_bytes_max = 2ll << 30;
  int connections_max = 100;
  // How long the server may take to answer; recovery after a crash takes part of it.
  absl::Duration start_patience = absl::Minutes(5);
  absl::Duration stop_patience = absl::Seconds(60);
  // How often a thread of ours calls EnsureRunning. Zero = never, the owner does.
  absl::Duration supervision_interval = absl::Milliseconds(500);
  // The cluster need not survive the machine right after it was made: for tests.
  bool is_throw_away = false;
  // Called with one line for what an operator should know: started, adopted, restarted, could not
  // restart. From any thread; must not call back. May be empty.
  std::function<void(std::string_view event)> on_event;
};

class EmbeddedPostgres {
 public:
  // Returns when the server answers and the database "quartermaster" exists (without schema). Safe
  // against others that do the same at the same time, in this or other processes.
  static absl::StatusOr<std::unique_ptr<EmbeddedPostgres>> Start(EmbeddedOptions options);
  // Stops, as Stop does.
  ~EmbeddedPostgres();
  EmbeddedPostgres(const EmbeddedPostgres&) = delete;
  EmbeddedPostgres& operator=(const EmbeddedPostgres&) = delete;

  // For "qm_ingest" and so on; valid as long as the data directory stays where it is.
  std::string ConnectionString(std::string_view role, std::string_view database = "quartermaster") const;
  // For db::Migrate: the cluster's superuser.
  std::string OwnerConnectionString() const;

  // Starts the server again when it is gone. Cheap when it is not. Thread-safe.
  absl::Status EnsureRunning();
  // Fast shutdown, unless another process uses the same data directory: then the last one stops
  // it. Idempotent, thread-safe.
  absl::Status Stop();

  // Whether Start found a server that was running already.
  bool adopted() const;
  // Of the server process.
  pid_t pid() const;
  // For superusers' tools, and tests.
  const std::string& cluster_directory() const;

 private:
  struct State;
  explicit EmbeddedPostgres(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace quartermaster::postgres_host

#endif  // QUARTERMASTER_SERVICES_COMMON_POSTGRES_HOST_EMBEDDED_POSTGRES_H_
