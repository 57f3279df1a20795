// The database of a process: the embedded server that it starts or adopts, or the external one
// that the configuration names.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_DATABASE_ACCESS_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_DATABASE_ACCESS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/config/node_config.h"
#include "services/common/pg/pool.h"
#include "services/common/postgres_host/embedded_postgres.h"

namespace quartermaster {

// A libpq connection string for one role of an external database.
std::string ExternalConnectionString(const config::ExternalDatabase& external, std::string_view role,
                                     const log::Secret& password);

class DatabaseAccess {
 public:
  // Starts the embedded server, or reads the passwords of `services`; does not connect otherwise.
  static absl::StatusOr<std::unique_ptr<DatabaseAccess>> Open(const config::NodeConfig& config,
                                                              const std::vector<std::string>& services);

  // Applies the migrations of this binary. Safe on several nodes at once.
  absl::Status Migrate();
  // Whether a start includes Migrate: always with the embedded server, else by configuration.
  bool migrates_at_start() const;

  // Waits until the schema is there in this binary's version or the one before, and checks that a
  // COMMIT is durable for every hosted service's role. Ends early, with UNAVAILABLE, when
  // `stop_requested` answers true, or after five minutes; other errors end it at once.
  absl::Status WaitUntilUsable(const std::function<bool()>& stop_requested);

  // Whether every COMMIT is known to have two copies; valid after WaitUntilUsable.
  bool synchronous_standby() const { return synchronous_standby_; }

  // For one of the `services` of Open; another name ends the process.
  pg::Options OptionsOf(std::string_view service) const;

  // Stops the embedded server when no other process uses it.
  absl::Status Stop();

 private:
  explicit DatabaseAccess(const config::NodeConfig& config) : config_(config) {}
  absl::Status CheckOnce();

  const config::NodeConfig& config_;
  std::unique_ptr<postgres_host::EmbeddedPostgres> embedded_;
  // By service.
  std::map<std::string, std::string, std::less<>> connection_strings_;
  bool synchronous_standby_ = false;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_DATABASE_ACCESS_H_
