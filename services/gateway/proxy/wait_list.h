// What calls wait for, all equally long at most, so that the first to begin is the first to be late.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_WAIT_LIST_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_WAIT_LIST_H_

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace quartermaster::gateway {

// Two operations on a list a wait, instead of one of gRPC's alarms, which cost a tenth of a whole call.
// Belongs to one thread.
class WaitList {
 public:
  // Whoever sets the machine's clock changes nobody's patience.
  using Clock = std::chrono::steady_clock;

  explicit WaitList(absl::Duration time_max)
      : time_max_(std::chrono::duration_cast<Clock::duration>(absl::ToChronoNanoseconds(time_max))) {}

  // One wait at a time, until End or destruction.
  class Wait
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    void End() { unlink(); }

   private:
    friend class WaitList;
    Clock::time_point end_;
    std::function<void()> late_;
  };

  // Calls `late` when the time is up.
  void Begin(Wait& wait, std::function<void()> late) {
    wait.end_ = Clock::now() + time_max_;
    wait.late_ = std::move(late);
    waits_.push_back(wait);
  }

  // When to look again; the end of time when nobody waits.
  Clock::time_point NextLook() const {
    return waits_.empty() ? Clock::time_point::max() : waits_.front().end_;
  }

  void EndLate() {
    while (!waits_.empty() && waits_.front().end_ <= Clock::now()) {
      Wait& late = waits_.front();
      late.End();
      // It may begin another wait, with another function.
      const std::function<void()> call = std::move(late.late_);
      call();
    }
  }

 private:
  const Clock::duration time_max_;
  boost::intrusive::list<Wait, boost::intrusive::constant_time_size<false>> waits_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_WAIT_LIST_H_
