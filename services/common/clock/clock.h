// The one clock. Business time is always read here and bound as a parameter, so that months can be
// simulated in every process; SQL now() is for technical columns only.
#ifndef QUARTERMASTER_SERVICES_COMMON_CLOCK_CLOCK_H_
#define QUARTERMASTER_SERVICES_COMMON_CLOCK_CLOCK_H_

#include <atomic>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace quartermaster {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock, plus a fixed offset (0 outside simulations).
class SystemClock final : public Clock {
 public:
  explicit SystemClock(absl::Duration offset = absl::ZeroDuration()) : offset_(offset) {}
  absl::Time Now() const override { return absl::Now() + offset_; }

 private:
  const absl::Duration offset_;
};

// Stands still until it is moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time start) : now_ns_(absl::ToUnixNanos(start)) {}
  absl::Time Now() const override { return absl::FromUnixNanos(now_ns_.load()); }
  void Set(absl::Time now) { now_ns_ = absl::ToUnixNanos(now); }
  void Advance(absl::Duration by) { now_ns_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_CLOCK_CLOCK_H_
