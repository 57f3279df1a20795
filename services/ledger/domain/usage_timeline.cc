#include "services/ledger/domain/usage_timeline.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/ledger/domain/usage_points_codec.h"

namespace quartermaster::ledger {
namespace {

UsagePoint PointOf(const UsageReport& report, const Measurement& measurement, int32_t place) {
  UsagePoint point;
  const bool suspect = (measurement.flags & kClockSuspect) != 0;
  point.effective_s = suspect ? report.received_s : measurement.end_s;
  point.start_s = std::min(measurement.start_s, measurement.end_s);
  point.end_s = measurement.end_s;
  point.report_id = report.report_id;
  point.place = place;
  point.count = measurement.count;
  point.member = report.member;
  if (suspect) point.flags |= kPointClockSuspect;
  if (report.unverifiable) point.flags |= kPointUnverifiable;
  if (measurement.flags & kEndExplained) point.flags |= kPointEndExplained;
  if (measurement.flags & kEndedByReload) point.flags |= kPointEndedByReload;
  return point;
}

bool SameOrder(const UsagePoint& a, const UsagePoint& b) { return OrderKey(a) == OrderKey(b); }

}  // namespace

std::vector<UsageTimeline::NewPoint> UsageTimeline::PointsOf(std::span<const UsageReport> reports) {
  std::vector<NewPoint> added;
  for (size_t i = 0; i < reports.size(); ++i) {
    const auto& measurements = reports[i].measurements;
    for (size_t place = 0; place < measurements.size(); ++place) {
      if (measurements[place].flags & kNotCounted) continue;
      added.push_back(
          {PointOf(reports[i], measurements[place], static_cast<int32_t>(place)), static_cast<int32_t>(i)});
    }
  }
  const auto before = [](const NewPoint& a, const NewPoint& b) { return a.point < b.point; };
  if (!std::is_sorted(added.begin(), added.end(), before)) {
    std::stable_sort(added.begin(), added.end(), before);
  }
  return added;
}

bool UsageTimeline::MixesVerification(std::span<const UsageReport> reports) const {
  bool verified = (traits_ & kHasAlwaysCounting) != 0 || !silent_.empty();
  bool unverifiable = false;
  bool supersedes = false;
  for (const UsageReport& report : reports) {
    verified |= !report.unverifiable;
    unverifiable |= report.unverifiable;
    supersedes |= report.supersedes;
  }
  if (unverifiable) return verified;
  return supersedes && (traits_ & kHasUnverifiable) != 0;
}

bool UsageTimeline::PolicyIsPosted(const UnverifiablePolicy& policy) const {
  return policy_size_ == policy.size() || (traits_ & kHasUnverifiable) == 0;
}

// From an anchor on nothing older matters: it is a sound measurement that counts for ever.
bool UsageTimeline::IsAnchor(const UsagePoint& point, const UnverifiablePolicy& policy) const {
  if (!IsSoundMeasurement(point)) return false;
  return point.always_counts() || (policy.CountsNow() && policy.ConstantFrom(point.effective_s));
}

int64_t UsageTimeline::WindowStart(const UsagePoint& first, const UnverifiablePolicy& policy) const {
  int64_t before = std::ssize(points_);
  while (before > 0 && !(points_[before - 1] < first)) --before;
  if (PolicyIsPosted(policy)) {
    // While unverifiable points do not count and there are no others, the figure is 0 all along.
    if (before > 0 && (traits_ & kHasAlwaysCounting) == 0 && !policy.CountsNow() &&
        policy.ConstantFrom(first.effective_s) && IsSoundMeasurement(points_[before - 1])) {
      return before - 1;
    }
    for (int64_t i = before - 1; i >= 0; --i) {
      if (IsAnchor(points_[i], policy)) return i;
    }
  }
  return loaded_ ? 0 : -1;
}

bool UsageTimeline::NeedsChunks(std::span<const UsageReport> reports,
                                const UnverifiablePolicy& policy) const {
  if (loaded_) return false;
  if (!PolicyIsPosted(policy) || MixesVerification(reports)) return true;
  const std::vector<NewPoint> added = PointsOf(reports);
  return !added.empty() && WindowStart(added.front().point, policy) < 0;
}

void UsageTimeline::NoteSilent(std::span<const UsageReport> reports) {
  for (const UsageReport& report : reports) {
    const auto counts = [](const Measurement& m) { return (m.flags & kNotCounted) == 0; };
    if (report.unverifiable || !report.supersedes ||
        std::any_of(report.measurements.begin(), report.measurements.end(), counts)) {
      continue;
    }
    const Identity identity{report.member, report.report_id};
    const auto at = std::lower_bound(silent_.begin(), silent_.end(), identity);
    if (at == silent_.end() || *at != identity) silent_.insert(at, identity);
  }
}

bool UsageTimeline::DropSuperseded(std::span<const UsageReport> reports, std::vector<NewPoint>& added) {
  const auto identity = [](const UsagePoint& p) { return Identity{p.member, p.report_id}; };
  std::set<Identity> reported;
  for (const NewPoint& p : added) reported.insert(identity(p.point));
  for (const UsageReport& report : reports) reported.insert({report.member, report.report_id});
  std::set<Identity> verified(silent_.begin(), silent_.end());
  for (const UsageReport& report : reports) {
    if (!report.unverifiable) verified.insert({report.member, report.report_id});
  }
  const auto note_verified = [&](const UsagePoint& p) {
    if (p.always_counts() && !p.release() && reported.contains(identity(p))) {
      verified.insert(identity(p));
    }
  };
  for (const UsagePoint& p : points_) note_verified(p);
  const auto superseded = [&](const UsagePoint& p) {
    return !p.always_counts() && verified.contains(identity(p));
  };
  std::erase_if(added, [&](const NewPoint& p) { return superseded(p.point); });
  return std::erase_if(points_, superseded) > 0;
}

void UsageTimeline::NoteMeasurement(const UsagePoint& point) {
  traits_ |= point.always_counts() ? kHasAlwaysCounting : kHasUnverifiable;
  if (point.count > 0) {
    // 0 says never: who has used it since the epoch has used it since the second after.
    const int64_t used_s = std::max<int64_t>(1, point.suspect() ? point.effective_s : point.start_s);
    if (position_.first_use_s == 0 || used_s < position_.first_use_s) position_.first_use_s = used_s;
  }
  if (!IsSoundMeasurement(point)) return;
  coverage_.Add({.start_s = point.start_s,
                 .end_s = point.end_s,
                 .end_explained = point.is(kPointEndExplained),
                 .ended_by_reload = point.is(kPointEndedByReload)});
}

void UsageTimeline::RebuildFromPoints() {
  traits_ = 0;
  coverage_ = Coverage();
  position_.first_use_s = 0;
  for (const UsagePoint& point : points_) NoteMeasurement(point);
}

// Leaves in `added` what was not there before.
void UsageTimeline::Insert(std::vector<NewPoint>& added) {
  std::erase_if(added, [&](const NewPoint& p) {
    const auto at = std::lower_bound(points_.begin(), points_.end(), p.point);
    return at != points_.end() && SameOrder(*at, p.point);
  });
  const auto twin = [](const NewPoint& a, const NewPoint& b) { return SameOrder(a.point, b.point); };
  added.erase(std::unique(added.begin(), added.end(), twin), added.end());
  const size_t middle = points_.size();
  for (const NewPoint& p : added) {
    points_.push_back(p.point);
    NoteMeasurement(p.point);
  }
  if (middle > 0 && middle < points_.size() && points_[middle] < points_[middle - 1]) {
    std::inplace_merge(points_.begin(), points_.begin() + middle, points_.end());
  }
}

std::vector<CausedDelta> UsageTimeline::Apply(std::span<const UsageReport> reports,
                                              const UnverifiablePolicy& policy) {
  std::vector<NewPoint> added = PointsOf(reports);
  NoteSilent(reports);
  const bool mixes = MixesVerification(reports);
  size_t window = 0;
  if (!mixes && !added.empty()) {
    window = static_cast<size_t>(std::max<int64_t>(0, WindowStart(added.front().point, policy)));
  }
  if (added.empty() && !mixes && PolicyIsPosted(policy)) {
    policy_size_ = policy.size();
    return {};
  }
  const UsageSteps before = StepsOf(std::span(points_).subspan(window), policy.First(policy_size_));
  if (mixes && DropSuperseded(reports, added)) RebuildFromPoints();
  Insert(added);
  policy_size_ = policy.size();
  const UsageSteps after = StepsOf(std::span(points_).subspan(window), policy);
  UpdatePosition(window, policy, FinalInUse(after));

  std::vector<CausedDelta> deltas;
  auto cause = added.begin();
  for (const UsageDelta& delta : Difference(before, after)) {
    while (cause != added.end() && cause->point.effective_s < delta.effective_s) ++cause;
    const bool found = cause != added.end() && cause->point.effective_s == delta.effective_s;
    deltas.push_back({delta, found ? cause->report : added.empty() ? 0 : added.front().report});
  }
  return deltas;
}

std::vector<UsageDelta> UsageTimeline::Release(int64_t now_s, const UnverifiablePolicy& policy) {
  if (position_.in_use == 0) return {};
  const UsageSteps before = PostedSteps(policy);
  UsagePoint release;
  release.flags = kPointRelease;
  release.effective_s = std::max(now_s, points_.back().effective_s);
  release.start_s = release.end_s = release.effective_s;
  if (points_.back().release() && points_.back().effective_s == release.effective_s) {
    release.place = points_.back().place + 1;
  }
  points_.push_back(release);
  traits_ |= kHasAlwaysCounting;
  return Difference(before, Settle(policy));
}

UsageSteps UsageTimeline::PostedSteps(const UnverifiablePolicy& policy) const {
  return StepsOf(points_, policy.First(policy_size_));
}

bool UsageTimeline::SetMembers(std::vector<int64_t> members) {
  if (members == members_) return true;
  std::vector<uint16_t> moved(members_.size());
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto at = std::find(members.begin(), members.end(), members_[i]);
    if (at == members.end()) return false;
    moved[i] = static_cast<uint16_t>(at - members.begin());
  }
  members_ = std::move(members);
  for (UsagePoint& point : points_) point.member = point.release() ? 0 : moved[point.member];
  std::sort(points_.begin(), points_.end());
  for (Identity& identity : silent_) identity.member = moved[identity.member];
  std::sort(silent_.begin(), silent_.end());
  return true;
}

bool UsageTimeline::Absorb(const UsageTimeline& other) {
  UsageTimeline moved = other;
  if (!moved.SetMembers(members_)) return false;
  std::vector<UsagePoint> merged;
  merged.reserve(points_.size() + moved.points_.size());
  std::merge(points_.begin(), points_.end(), moved.points_.begin(), moved.points_.end(),
             std::back_inserter(merged));
  // Releases of one second are one, whichever member they were of.
  merged.erase(std::unique(merged.begin(), merged.end(),
                           [](const UsagePoint& a, const UsagePoint& b) { return !(a < b) && !(b < a); }),
               merged.end());
  points_ = std::move(merged);
  silent_.insert(silent_.end(), moved.silent_.begin(), moved.silent_.end());
  std::sort(silent_.begin(), silent_.end());
  silent_.erase(std::unique(silent_.begin(), silent_.end()), silent_.end());
  RebuildFromPoints();
  return true;
}

}  // namespace quartermaster::ledger
