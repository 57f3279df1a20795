// Percentiles of many durations in constant memory.
#ifndef QUARTERMASTER_CLIENTS_FLEET_LATENCY_H_
#define QUARTERMASTER_CLIENTS_FLEET_LATENCY_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "absl/time/time.h"

namespace quartermaster::fleet {

// Buckets of 1/32 of a power of two: percentiles are right to 3 %. Not thread-safe.
class Latency {
 public:
  void Add(absl::Duration duration) {
    const uint64_t microseconds =
        static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Microseconds(duration)));
    ++buckets_[BucketOf(microseconds)];
    ++count_;
    longest_us_ = std::max(longest_us_, microseconds);
  }

  int64_t count() const { return count_; }
  double longest_ms() const { return static_cast<double>(longest_us_) / 1000; }

  // share: 0.5 is the median. 0 when nothing was added.
  double PercentileMs(double share) const {
    int64_t left = static_cast<int64_t>(share * static_cast<double>(count_ - 1));
    for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
      left -= buckets_[bucket];
      if (left < 0) return static_cast<double>(std::min(longest_us_, UpperEdge(bucket))) / 1000;
    }
    return 0;
  }

 private:
  static constexpr size_t kSteps = 32;

  static size_t BucketOf(uint64_t value) {
    if (value < kSteps) return value;
    const size_t power = std::bit_width(value) - 6;
    return std::min(kSteps * (power + 1) + (value >> power) - kSteps, size_t{kSteps * 40} - 1);
  }
  static uint64_t UpperEdge(size_t bucket) {
    if (bucket < kSteps) return bucket;
    const size_t power = bucket / kSteps - 1;
    return ((kSteps + bucket % kSteps + 1) << power) - 1;
  }

  std::array<int64_t, kSteps * 40> buckets_{};
  int64_t count_ = 0;
  uint64_t longest_us_ = 0;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_LATENCY_H_
