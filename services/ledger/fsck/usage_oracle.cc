#include "services/ledger/fsck/usage_oracle.h"

#include <algorithm>
#include <utility>

namespace quartermaster::ledger::fsck {
namespace {

void KeepGreater(const OraclePoint*& greatest, const OraclePoint* point) {
  if (point == nullptr) return;
  if (greatest == nullptr || greatest->Order() < point->Order()) greatest = point;
}

// What has taken effect so far: of the points that count always, or of the unverifiable ones.
struct Effective {
  const OraclePoint* greatest = nullptr;  // no suspects
  const OraclePoint* suspect = nullptr;   // since the last release
  bool measured = false;                  // `greatest` is not only releases

  void Take(const OraclePoint& point) {
    if (point.suspect) return KeepGreater(suspect, &point);
    KeepGreater(greatest, &point);
    measured |= !point.release;
  }
};

int64_t FigureOf(const Effective& always, const Effective& unverifiable, bool unverifiable_counts) {
  Effective counting = always;
  if (unverifiable_counts) {
    KeepGreater(counting.greatest, unverifiable.greatest);
    KeepGreater(counting.suspect, unverifiable.suspect);
    counting.measured |= unverifiable.measured;
  }
  if (counting.measured) return counting.greatest->count;
  return counting.suspect == nullptr ? 0 : counting.suspect->count;
}

}  // namespace

UsageOracle::UsageOracle(std::vector<OraclePoint> points, const CountingPolicy& policy)
    : points_(std::move(points)) {
  // A release ends the suspects of its own second too.
  std::sort(points_.begin(), points_.end(), [](const OraclePoint& a, const OraclePoint& b) {
    return std::make_pair(a.effective_s(), a.release) < std::make_pair(b.effective_s(), b.release);
  });
  for (const OraclePoint& point : points_) figures_[point.effective_s()] = 0;
  for (const auto& [time, counts] : policy) figures_[time] = 0;
  Effective always, unverifiable;
  bool unverifiable_counts = true;
  auto next = points_.begin();
  for (auto& [time, figure] : figures_) {
    if (const auto change = policy.find(time); change != policy.end()) unverifiable_counts = change->second;
    for (; next != points_.end() && next->effective_s() == time; ++next) {
      if (next->release) always.suspect = unverifiable.suspect = nullptr;
      (next->verified || next->release ? always : unverifiable).Take(*next);
    }
    figure = FigureOf(always, unverifiable, unverifiable_counts);
  }
}

const OraclePoint* UsageOracle::Latest() const {
  Effective all;
  for (const OraclePoint& point : points_) {
    if (point.release) all.suspect = nullptr;
    all.Take(point);
  }
  if (all.measured || all.suspect == nullptr) return all.greatest;
  return all.suspect;
}

}  // namespace quartermaster::ledger::fsck
