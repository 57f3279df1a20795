// Threads for work that a gRPC thread must not do: parsing much, asking the database.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_WORKER_POOL_H_
#define QUARTERMASTER_SERVICES_INGEST_API_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace quartermaster::ingest {

// Thread-safe.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  explicit WorkerPool(int threads);
  // Runs what waits, then returns.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: `waiting_max` wait already, or the pool ends; `task` was not taken.
  [[nodiscard]] bool TrySchedule(Task task, size_t waiting_max);
  // For what is bounded by those who bring it.
  void Schedule(Task task);

 private:
  void Work();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ending_ || !waiting_.empty(); }

  absl::Mutex mutex_;
  std::deque<Task> waiting_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_WORKER_POOL_H_
