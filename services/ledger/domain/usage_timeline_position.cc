// What the points of a timeline say in the end: the columns of usage_positions.
#include "services/ledger/domain/usage_timeline.h"

namespace quartermaster::ledger {

const UsagePoint* UsageTimeline::LatestPoint() const {
  const UsagePoint* unsuspected = nullptr;
  const UsagePoint* suspect = nullptr;
  for (auto point = points_.rbegin(); point != points_.rend(); ++point) {
    if (point->suspect()) {
      const bool after_release = unsuspected == nullptr;
      if (after_release && (suspect == nullptr || SuspectPrecedes(*suspect, *point))) {
        suspect = &*point;
      }
      continue;
    }
    if (unsuspected == nullptr) unsuspected = &*point;
    if (!point->release()) return unsuspected;
  }
  return suspect != nullptr ? suspect : unsuspected;
}

void UsageTimeline::UpdatePosition(size_t window, const UnverifiablePolicy& policy, int64_t in_use) {
  position_.in_use = in_use;
  position_.has_gap = coverage_.HasGap();
  position_.has_unverifiable = (traits_ & kHasUnverifiable) != 0;
  changes_ = {.known = true,
              .whole = window == 0 && loaded_,
              .from_s = window < points_.size() ? points_[window].effective_s : INT64_MAX,
              .last_before_s = position_.last_change_s,
              .ends_s = {}};
  if (changes_.whole) position_.last_change_s = 0;
  const UsagePoint* before = nullptr;
  for (size_t i = window; i < points_.size(); ++i) {
    const UsagePoint& point = points_[i];
    if (!IsSoundMeasurement(point)) continue;
    if (before != nullptr && before->count != point.count) {
      position_.last_change_s = point.end_s;
      changes_.ends_s.push_back(point.end_s);
    }
    before = &point;
  }
  const UsagePoint none;
  const UsagePoint* latest = LatestPoint();
  position_.latest_product_instance_id = latest == nullptr ? 0 : members_[latest->member];
  if (latest == nullptr) latest = &none;
  position_.latest_end_s = latest->end_s;
  position_.latest_report_id = latest->report_id;
  position_.latest_place = latest->place;
  position_.clock_suspect = latest->suspect();
  position_.unverifiable = latest->is(kPointUnverifiable);
  position_.not_counted = position_.unverifiable && !policy.CountsNow();
}

void UsageTimeline::NoteAcknowledged(int64_t acknowledged_s) {
  if (!changes_.known) return;
  int64_t open_s = 0;
  const auto consider = [&](int64_t change_s) {
    if (change_s > acknowledged_s && (open_s == 0 || change_s < open_s)) open_s = change_s;
  };
  if (!changes_.whole) {
    for (const int64_t older_s : {position_.open_change_s, changes_.last_before_s}) {
      if (older_s <= changes_.from_s) consider(older_s);
    }
  }
  for (const int64_t change_s : changes_.ends_s) consider(change_s);
  position_.open_change_s = open_s;
  changes_.known = false;
}

UsageSteps UsageTimeline::Settle(const UnverifiablePolicy& policy) {
  policy_size_ = policy.size();
  UsageSteps steps = StepsOf(points_, policy);
  UpdatePosition(0, policy, FinalInUse(steps));
  return steps;
}

}  // namespace quartermaster::ledger
