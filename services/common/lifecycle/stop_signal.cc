#include "services/common/lifecycle/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <ctime>

#include "services/common/log/log.h"

namespace quartermaster {
namespace {

// The thread looks this often whether the process still wants it.
constexpr timespec kTick = {0, 100'000'000};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopSignal::StopSignal(absl::Duration patience) : patience_(patience) {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Writing to a peer that left is an error to handle, not an end.
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { Run(); });
}

StopSignal::~StopSignal() {
  done_.Notify();
  thread_.join();
}

void StopSignal::SetPatience(absl::Duration patience) {
  absl::MutexLock lock(&mutex_);
  patience_ = patience;
}

void StopSignal::Request() {
  absl::MutexLock lock(&mutex_);
  if (!requested_.HasBeenNotified()) requested_.Notify();
}

void StopSignal::Run() {
  const sigset_t signals = StopSignals();
  absl::Time cut = absl::InfiniteFuture();
  while (!done_.HasBeenNotified()) {
    const int signal_number = sigtimedwait(&signals, nullptr, &kTick);
    const bool second = signal_number > 0 && cut != absl::InfiniteFuture();
    if (second || absl::Now() > cut) {
      log::Error(second ? "ended at once by a second signal" : "ended: stopping took too long");
      _exit(1);
    }
    if (signal_number <= 0) continue;
    log::Info("asked to stop", {{"signal", signal_number}});
    Request();
    absl::MutexLock lock(&mutex_);
    cut = absl::Now() + patience_;
  }
}

}  // namespace quartermaster
