#include "services/ingest/api/worker_pool.h"

#include <utility>

#include "services/common/log/log.h"

namespace quartermaster::ingest {

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::TrySchedule(Task task, size_t waiting_max) {
  absl::MutexLock lock(&mutex_);
  if (ending_ || waiting_.size() >= waiting_max) return false;
  waiting_.push_back(std::move(task));
  return true;
}

void WorkerPool::Schedule(Task task) {
  absl::MutexLock lock(&mutex_);
  waiting_.push_back(std::move(task));
}

void WorkerPool::Work() {
  const log::ServiceScope scope("ingest");
  while (true) {
    Task task;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(this, &WorkerPool::HasWork));
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task();
  }
}

}  // namespace quartermaster::ingest
