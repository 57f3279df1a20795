// SIGTERM and SIGINT, as something that can be waited for.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_STOP_SIGNAL_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_STOP_SIGNAL_H_

#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace quartermaster {

// Make exactly one, before the process has other threads: they inherit the blocked signals, and
// one thread here takes them.
class StopSignal {
 public:
  // When the process has not ended `patience` after the first signal, or a second one comes, it is
  // ended at once with exit code 1: nothing that hangs can keep a node from being restarted.
  explicit StopSignal(absl::Duration patience);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void Wait() { requested_.WaitForNotification(); }
  // False when no signal came within `timeout`.
  bool WaitFor(absl::Duration timeout) { return requested_.WaitForNotificationWithTimeout(timeout); }
  bool requested() const { return requested_.HasBeenNotified(); }

  // As if SIGTERM had come, without the signal's patience.
  void Request();

  void SetPatience(absl::Duration patience);

 private:
  void Run();

  absl::Mutex mutex_;
  absl::Duration patience_;
  absl::Notification requested_;
  absl::Notification done_;
  std::thread thread_;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_STOP_SIGNAL_H_
