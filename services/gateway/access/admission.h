// How much the gateway takes on at once. Beyond, calls are refused at once with a retry delay, so
// that a storm costs its senders time and us no memory. Thread-safe, two atomic words.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_ADMISSION_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_ADMISSION_H_

#include <atomic>
#include <cstdint>

namespace quartermaster::gateway {

class Admission {
 public:
  struct Limits {
    int64_t calls_max = 10'000;
    // Bodies of unary requests that are held; streams pass through in small pieces.
    int64_t bytes_max = 64 << 20;
  };
  Admission() = default;
  explicit Admission(Limits limits) : limits_(limits) {}

  // Given back when it is destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept : of_(other.of_), bytes_(other.bytes_) {
      other.of_ = nullptr;
      other.bytes_ = 0;
    }
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (of_ == nullptr) return;
      of_->calls_.fetch_sub(1, std::memory_order_relaxed);
      of_->bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
    }
    explicit operator bool() const { return of_ != nullptr; }

    // Takes room for a body as well; false when there is none.
    bool Hold(int64_t bytes) {
      if (of_->bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= of_->limits_.bytes_max) {
        bytes_ += bytes;
        return true;
      }
      of_->bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }

   private:
    friend class Admission;
    explicit Ticket(Admission* of) : of_(of) {}
    Admission* of_ = nullptr;
    int64_t bytes_ = 0;
  };

  // False when there is no room for another call.
  Ticket Enter() {
    if (calls_.fetch_add(1, std::memory_order_relaxed) < limits_.calls_max) return Ticket(this);
    calls_.fetch_sub(1, std::memory_order_relaxed);
    return Ticket();
  }

 private:
  const Limits limits_;
  std::atomic<int64_t> calls_{0};
  std::atomic<int64_t> bytes_{0};
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_ADMISSION_H_
