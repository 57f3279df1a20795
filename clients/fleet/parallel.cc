#include "clients/fleet/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace quartermaster::fleet {
namespace {

// Whose turn it is to hand over its piece.
class Queue {
 public:
  void TakeInTurn(int64_t piece, const absl::StatusOr<std::string>& made,
                  const std::function<absl::Status(const std::string&)>& take) {
    absl::MutexLock lock(&mutex_);
    const auto my_turn = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return next_ == piece || !status_.ok(); };
    mutex_.Await(absl::Condition(&my_turn));
    if (!status_.ok()) return;
    status_ = made.status();
    if (status_.ok()) status_ = take(*made);
    ++next_;
  }

  absl::Status status() const {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  mutable absl::Mutex mutex_;
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status InOrder(int64_t pieces, const std::function<absl::StatusOr<std::string>(int64_t piece)>& make,
                     const std::function<absl::Status(const std::string& text)>& take) {
  Queue queue;
  std::atomic<int64_t> next = 0;
  const auto work = [&] {
    for (int64_t piece = next++; piece < pieces && queue.status().ok(); piece = next++) {
      queue.TakeInTurn(piece, make(piece), take);
    }
  };
  std::vector<std::thread> threads;
  const int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (int64_t i = 0; i < std::min(cores, pieces); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return queue.status();
}

}  // namespace quartermaster::fleet
