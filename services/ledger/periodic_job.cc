#include "services/ledger/periodic_job.h"

#include <exception>

#include "services/common/log/log.h"

namespace quartermaster::ledger {

void PeriodicJob::Stop() {
  if (!thread_.joinable()) return;
  stopping_.Notify();
  thread_.join();
}

void PeriodicJob::Work() {
  const log::ServiceScope scope("ledger");
  while (!stopping_.HasBeenNotified()) {
    absl::StatusOr<bool> more = false;
    try {
      more = run_once_();
    } catch (const std::exception& error) {
      more = absl::InternalError(error.what());
    }
    if (!more.ok())
      log::Warning("a job failed and will be tried again", {{"job", name_}, {"error", more.status()}});
    if (!more.value_or(false)) stopping_.WaitForNotificationWithTimeout(interval_);
  }
}

}  // namespace quartermaster::ledger
