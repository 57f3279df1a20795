#include "clients/agent/usage_meter.h"

#include <utility>

namespace quartermaster::agent {

void UsageMeter::EndInterval(int64_t now_s) {
  MeasuredInterval& interval = intervals_.emplace_back();
  interval.log_s = interval.start_s = running_since_s_;
  interval.end_s = now_s;
  interval.count = count_;
  running_since_s_ = now_s;
}

// An interval without length counts only when it is the first to tell its count.
bool UsageMeter::RunningSaysSomething(int64_t now_s) const {
  if (suspended_) return false;
  if (now_s > running_since_s_) return true;
  return count_ != (intervals_.empty() ? told_count_ : intervals_.back().count);
}

void UsageMeter::SetCount(int64_t count, int64_t now_s) {
  if (count == count_ && !ended_) return;
  if (ended_) {
    ended_ = false;
    opened_s_ = running_since_s_ = now_s;
  } else if (!suspended_ && now_s > running_since_s_) {
    EndInterval(now_s);
  }
  count_ = count;
}

void UsageMeter::Suspend(int64_t now_s) {
  if (suspended_ || ended_) return;
  if (now_s > running_since_s_) EndInterval(now_s);
  suspended_ = true;
}

void UsageMeter::Resume(int64_t now_s) {
  if (!suspended_) return;
  suspended_ = false;
  running_since_s_ = now_s;
  if (intervals_.empty()) opened_s_ = now_s;
}

std::vector<MeasuredInterval> UsageMeter::Close(int64_t now_s, CloseReason reason) {
  if (ended_) return {};
  if (RunningSaysSomething(now_s)) EndInterval(now_s);
  std::vector<MeasuredInterval> closed = std::move(intervals_);
  intervals_.clear();
  opened_s_ = now_s;
  if (closed.empty()) return closed;
  told_count_ = closed.back().count;
  if (reason == CloseReason::kRequested) closed.back().termination_reason = "CurrentUsageRequested";
  if (reason == CloseReason::kReload) {
    closed.back().termination_reason = closed.back().close_reason = "ProductReload";
  }
  if (count_ == 0 && closed.back().count == 0) ended_ = true;
  return closed;
}

UsageMeter::Snapshot UsageMeter::snapshot() const {
  return {count_, told_count_, running_since_s_, opened_s_, suspended_, ended_, intervals_};
}

UsageMeter UsageMeter::FromSnapshot(const Snapshot& snapshot) {
  UsageMeter meter(snapshot.count, snapshot.running_since_s);
  meter.told_count_ = snapshot.told_count;
  meter.opened_s_ = snapshot.opened_s;
  meter.suspended_ = snapshot.suspended;
  meter.ended_ = snapshot.ended;
  meter.intervals_ = snapshot.intervals;
  return meter;
}

}  // namespace quartermaster::agent
