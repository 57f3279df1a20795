// Takes over the hostnames that product instances report beside their usage (smartLicenseSystemInfo).
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_TAKE_HOSTNAMES_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_TAKE_HOSTNAMES_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ledger/jobs/usage_session.h"
#include "services/ledger/storage/maintenance_store.h"

namespace quartermaster::ledger {

// Not thread-safe. Replicas may all run it: each takes over everything that was received since the week
// before it started, and what is taken over already changes nothing.
class TakeHostnamesJob {
 public:
  explicit TakeHostnamesJob(pg::Options database) : session_(std::move(database)) {}

  // One transaction; whether there is more to do.
  absl::StatusOr<bool> RunOnce(absl::Time now);

 private:
  UsageSession session_;
  std::optional<HostnamesTaken> taken_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_TAKE_HOSTNAMES_H_
