// How long to wait before each retry.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_RETRY_WAIT_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_RETRY_WAIT_H_

#include <algorithm>

#include "absl/random/random.h"
#include "absl/time/time.h"

namespace quartermaster::rpc {

// Doubles from first to max; up to half of each wait is taken off at random, so that callers that
// failed together do not come back together. Not thread-safe.
class RetryWait {
 public:
  RetryWait(absl::Duration first, absl::Duration max) : next_(std::min(first, max)), max_(max) {}

  // Never shorter than `server_says`.
  absl::Duration Next(absl::Duration server_says = absl::ZeroDuration()) {
    const absl::Duration wait = next_ * absl::Uniform(random_, 0.5, 1.0);
    next_ = std::min(next_ * 2, max_);
    return std::max(wait, server_says);
  }

 private:
  absl::Duration next_;
  const absl::Duration max_;
  absl::InsecureBitGen random_;
};

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_RETRY_WAIT_H_
