// What a product instance's smart agent keeps about one entitlement tag: intervals of use, cut
// where the count changes, gathered into reports. Pure: time comes in as a parameter.
#ifndef QUARTERMASTER_CLIENTS_AGENT_USAGE_METER_H_
#define QUARTERMASTER_CLIENTS_AGENT_USAGE_METER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/agent/report_content.h"

namespace quartermaster::agent {

// Why a report ends. Each reason is written as devices write it.
enum class CloseReason {
  // The reporting interval is over; the next report goes on where this one ends. No reason written.
  kInterval,
  // Somebody asked for the usage: "CurrentUsageRequested".
  kRequested,
  // "ProductReload": what follows may begin later without being a gap.
  kReload,
};

// Copyable. Times are Unix seconds and never go back.
class UsageMeter {
 public:
  UsageMeter() = default;
  UsageMeter(int64_t count, int64_t now_s) : count_(count), running_since_s_(now_s), opened_s_(now_s) {}

  int64_t count() const { return count_; }
  // When the open report began; its oldest interval starts there.
  int64_t opened_s() const { return opened_s_; }
  // Whether the tag is gone: its last report said 0.
  bool ended() const { return ended_; }

  // From now on `count` is in use.
  void SetCount(int64_t count, int64_t now_s);
  // Nothing is measured from `now_s` on (powered off); Resume begins a new interval.
  void Suspend(int64_t now_s);
  void Resume(int64_t now_s);

  // The open report's intervals up to `now_s`, and the meter goes on with a new report. Empty when
  // there is nothing to say.
  std::vector<MeasuredInterval> Close(int64_t now_s, CloseReason reason);

  // For the state file.
  struct Snapshot {
    int64_t count = 0;
    int64_t told_count = -1;
    int64_t running_since_s = 0;
    int64_t opened_s = 0;
    bool suspended = false;
    bool ended = false;
    std::vector<MeasuredInterval> intervals;
  };
  Snapshot snapshot() const;
  static UsageMeter FromSnapshot(const Snapshot& snapshot);

 private:
  void EndInterval(int64_t now_s);
  bool RunningSaysSomething(int64_t now_s) const;

  int64_t count_ = 0;
  // What the last closed report ended with; -1 = there was none.
  int64_t told_count_ = -1;
  int64_t running_since_s_ = 0;
  int64_t opened_s_ = 0;
  bool suspended_ = false;
  bool ended_ = false;
  // Of the open report.
  std::vector<MeasuredInterval> intervals_;
};

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_USAGE_METER_H_
