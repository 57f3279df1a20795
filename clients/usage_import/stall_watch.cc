#include "clients/usage_import/stall_watch.h"

namespace quartermaster::client {

StallWatch::StallWatch(grpc::ClientContext& context, absl::Duration patience)
    : context_(context), patience_(patience), thread_([this] { Run(); }) {}

StallWatch::~StallWatch() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

void StallWatch::Moved() {
  absl::MutexLock lock(&mutex_);
  moved_at_ = absl::Now();
}

void StallWatch::PauseWhileReading(bool paused) {
  absl::MutexLock lock(&mutex_);
  paused_ = paused;
  moved_at_ = absl::Now();
}

bool StallWatch::stalled() const {
  absl::MutexLock lock(&mutex_);
  return stalled_;
}

void StallWatch::Run() {
  absl::MutexLock lock(&mutex_);
  while (!stop_) {
    mutex_.AwaitWithTimeout(absl::Condition(&stop_), absl::Milliseconds(200));
    if (stop_ || paused_ || stalled_ || absl::Now() - moved_at_ < patience_) continue;
    stalled_ = true;
    context_.TryCancel();
  }
}

}  // namespace quartermaster::client
