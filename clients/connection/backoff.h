// How long to wait before the next attempt: doubling, with jitter, so that a fleet that lost its
// node does not come back in step.
#ifndef QUARTERMASTER_CLIENTS_CONNECTION_BACKOFF_H_
#define QUARTERMASTER_CLIENTS_CONNECTION_BACKOFF_H_

#include <algorithm>
#include <random>

#include "absl/time/time.h"

namespace quartermaster::client {

// Not thread-safe.
class Backoff {
 public:
  explicit Backoff(absl::Duration first = absl::Milliseconds(50), absl::Duration longest = absl::Seconds(3))
      : next_(first), longest_(longest), random_(std::random_device{}()) {}

  // Between half and all of the current step; at least `asked` (what the server asked for).
  absl::Duration Next(absl::Duration asked = absl::ZeroDuration()) {
    const absl::Duration step = next_;
    next_ = std::min(next_ * 2, longest_);
    return std::max(asked, step * std::uniform_real_distribution<>(0.5, 1.0)(random_));
  }

 private:
  absl::Duration next_;
  absl::Duration longest_;
  std::minstd_rand random_;
};

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_CONNECTION_BACKOFF_H_
