#include "services/gateway/proxy/call_queue.h"

#include <algorithm>
#include <chrono>

#include "services/gateway/proxy/coroutine.h"

namespace quartermaster::gateway {
namespace {

using SystemClock = std::chrono::system_clock;

// What gRPC wants to be told, and turns back at once.
SystemClock::time_point OnSystemClock(WaitList::Clock::time_point time) {
  if (time == WaitList::Clock::time_point::max()) return SystemClock::time_point::max();
  return SystemClock::now() +
         std::chrono::duration_cast<SystemClock::duration>(time - WaitList::Clock::now());
}

}  // namespace

void CallQueue::Run() {
  while (true) {
    void* tag = nullptr;
    bool ok = false;
    switch (
        queue_->AsyncNext(&tag, &ok, OnSystemClock(std::min(messages_.NextLook(), answers_.NextLook())))) {
      case grpc::CompletionQueue::SHUTDOWN:
        return;
      case grpc::CompletionQueue::GOT_EVENT:
        Completion::Fire(tag, ok);
        break;
      case grpc::CompletionQueue::TIMEOUT:
        break;
    }
    messages_.EndLate();
    answers_.EndLate();
  }
}

}  // namespace quartermaster::gateway
