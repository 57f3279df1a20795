// A thread that does one thing again and again.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_JOBS_PERIODIC_THREAD_H_
#define QUARTERMASTER_SERVICES_GATEWAY_JOBS_PERIODIC_THREAD_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/common/log/log.h"

namespace quartermaster::gateway {

// Runs `job` after every `interval` until Stop or destruction, which wait for a run under way.
class PeriodicThread {
 public:
  PeriodicThread(absl::Duration interval, std::function<void()> job)
      : thread_([this, interval, job = std::move(job)] {
          const log::ServiceScope service("gateway");
          while (!stop_.WaitForNotificationWithTimeout(interval)) job();
        }) {}
  ~PeriodicThread() { Stop(); }
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;

  void Stop() {
    if (!stop_.HasBeenNotified()) stop_.Notify();
    if (thread_.joinable()) thread_.join();
  }

 private:
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_JOBS_PERIODIC_THREAD_H_
