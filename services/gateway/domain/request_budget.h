// How often one client may call: a steady rate with bursts (generic cell rate algorithm). One atomic
// word, so that the hot path neither locks nor allocates. Thread-safe.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_BUDGET_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_BUDGET_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace quartermaster::gateway {

class RequestBudget {
 public:
  // `per_second` calls, and up to `burst` at once.
  RequestBudget(double per_second, double burst)
      : interval_ns_(static_cast<int64_t>(1e9 / per_second)),
        burst_ns_(static_cast<int64_t>(1e9 / per_second * burst)) {}

  // Takes one call from the budget; zero when it may go ahead, else how long to wait.
  // `now_ns` is of a clock that never goes back.
  absl::Duration Take(int64_t now_ns) {
    int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
    while (true) {
      const int64_t next = std::max(full_at, now_ns) + interval_ns_;
      if (next - now_ns > burst_ns_) return absl::Nanoseconds(next - now_ns - burst_ns_);
      if (full_at_ns_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) {
        return absl::ZeroDuration();
      }
    }
  }

  // Undoes one Take.
  void GiveBack() { full_at_ns_.fetch_sub(interval_ns_, std::memory_order_relaxed); }

  // Whether nothing is taken from it: it can be forgotten.
  bool IsFull(int64_t now_ns) const { return full_at_ns_.load(std::memory_order_relaxed) <= now_ns; }

 private:
  const int64_t interval_ns_;
  const int64_t burst_ns_;
  // When the budget will be full again, if nothing more is taken.
  std::atomic<int64_t> full_at_ns_{0};
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_REQUEST_BUDGET_H_
