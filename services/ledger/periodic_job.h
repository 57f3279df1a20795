// A thread that runs a job again and again until it is stopped.
#ifndef QUARTERMASTER_SERVICES_LEDGER_PERIODIC_JOB_H_
#define QUARTERMASTER_SERVICES_LEDGER_PERIODIC_JOB_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace quartermaster::ledger {

// Start and Stop from one thread.
class PeriodicJob {
 public:
  // `run_once` answers whether there is more to do at once; a failure is logged and waits
  // `interval`, like having nothing to do.
  PeriodicJob(std::string name, absl::Duration interval, std::function<absl::StatusOr<bool>()> run_once)
      : name_(std::move(name)), interval_(interval), run_once_(std::move(run_once)) {}
  ~PeriodicJob() { Stop(); }
  PeriodicJob(const PeriodicJob&) = delete;
  PeriodicJob& operator=(const PeriodicJob&) = delete;

  void Start() {
    thread_ = std::thread([this] { Work(); });
  }
  void Stop();

 private:
  void Work();

  const std::string name_;
  const absl::Duration interval_;
  const std::function<absl::StatusOr<bool>()> run_once_;
  absl::Notification stopping_;
  std::thread thread_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_PERIODIC_JOB_H_
