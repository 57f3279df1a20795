// Time for budgets and caches: never goes back, and knows nothing of simulated months.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_MONOTONIC_TIME_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_MONOTONIC_TIME_H_

#include <chrono>
#include <cstdint>

namespace quartermaster::gateway {

inline int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_MONOTONIC_TIME_H_
