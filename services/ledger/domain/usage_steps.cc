#include "services/ledger/domain/usage_steps.h"

#include <algorithm>
#include <optional>

namespace quartermaster::ledger {
namespace {

// The candidates for the position while the points are swept in order. Points that always count and
// unverifiable ones are kept apart, because a switch of the policy changes which side counts.
class Sweep {
 public:
  explicit Sweep(bool counts_unverifiable) : counts_unverifiable_(counts_unverifiable) {}

  void Switch(bool counts_unverifiable) { counts_unverifiable_ = counts_unverifiable; }

  void Take(const UsagePoint& point) {
    if (point.suspect()) {
      TakeSuspect(point);
    } else if (point.release()) {
      always_ = &point;
      always_suspect_ = unverifiable_suspect_ = nullptr;
    } else if (point.always_counts()) {
      always_ = &point;
      always_measured_ = true;
    } else {
      unverifiable_ = &point;
    }
  }

  int64_t InUse() const {
    const UsagePoint* unverifiable = counts_unverifiable_ ? unverifiable_ : nullptr;
    if (always_measured_ || unverifiable != nullptr) return Count(Later(always_, unverifiable));
    const UsagePoint* suspect = always_suspect_;
    if (counts_unverifiable_ && Precedes(suspect, unverifiable_suspect_)) {
      suspect = unverifiable_suspect_;
    }
    return Count(suspect);
  }

 private:
  static int64_t Count(const UsagePoint* point) { return point == nullptr ? 0 : point->count; }
  static const UsagePoint* Later(const UsagePoint* a, const UsagePoint* b) {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    return *a < *b ? b : a;
  }
  static bool Precedes(const UsagePoint* a, const UsagePoint* b) {
    return b != nullptr && (a == nullptr || SuspectPrecedes(*a, *b));
  }
  void TakeSuspect(const UsagePoint& point) {
    const UsagePoint*& best = point.always_counts() ? always_suspect_ : unverifiable_suspect_;
    if (Precedes(best, &point)) best = &point;
  }

  bool counts_unverifiable_;
  // Last unsuspected point that always counts (releases too), and whether any was a measurement.
  const UsagePoint* always_ = nullptr;
  bool always_measured_ = false;
  const UsagePoint* unverifiable_ = nullptr;
  // Greatest suspects since the last release.
  const UsagePoint* always_suspect_ = nullptr;
  const UsagePoint* unverifiable_suspect_ = nullptr;
};

}  // namespace

UsageSteps StepsOf(std::span<const UsagePoint> points, const UnverifiablePolicy& policy) {
  UsageSteps steps;
  Sweep sweep(/*counts_unverifiable=*/true);
  auto change = policy.switches().begin();
  const auto changes_end = policy.switches().end();
  size_t next = 0;
  int64_t in_use = 0;
  while (next < points.size() || change != changes_end) {
    const bool switch_first =
        change != changes_end && (next == points.size() || change->effective_s < points[next].effective_s);
    const int64_t now_s = switch_first ? change->effective_s : points[next].effective_s;
    for (; change != changes_end && change->effective_s == now_s; ++change) {
      sweep.Switch(change->counts);
    }
    for (; next < points.size() && points[next].effective_s == now_s; ++next) {
      sweep.Take(points[next]);
    }
    if (const int64_t now_in_use = sweep.InUse(); now_in_use != in_use) {
      in_use = now_in_use;
      steps.push_back({now_s, in_use});
    }
  }
  return steps;
}

int64_t InUseAt(const UsageSteps& steps, int64_t time_s) {
  const auto after = std::upper_bound(steps.begin(), steps.end(), time_s,
                                      [](int64_t time, const UsageStep& step) { return time < step.at_s; });
  return after == steps.begin() ? 0 : std::prev(after)->in_use;
}

std::vector<UsageDelta> Difference(const UsageSteps& before, const UsageSteps& after) {
  std::vector<UsageDelta> deltas;
  auto old_step = before.begin();
  auto new_step = after.begin();
  int64_t old_in_use = 0;
  int64_t new_in_use = 0;
  int64_t posted = 0;
  while (old_step != before.end() || new_step != after.end()) {
    int64_t now_s = 0;
    if (new_step == after.end() || (old_step != before.end() && old_step->at_s < new_step->at_s)) {
      now_s = old_step->at_s;
    } else {
      now_s = new_step->at_s;
    }
    if (old_step != before.end() && old_step->at_s == now_s) old_in_use = (old_step++)->in_use;
    if (new_step != after.end() && new_step->at_s == now_s) new_in_use = (new_step++)->in_use;
    if (const int64_t wanted = new_in_use - old_in_use; wanted != posted) {
      deltas.push_back({now_s, wanted - posted});
      posted = wanted;
    }
  }
  return deltas;
}

}  // namespace quartermaster::ledger
