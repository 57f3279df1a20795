#include "services/ledger/fsck/timeline_oracle.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace quartermaster::ledger::fsck {
namespace {

// Of the stored coverage (services/ledger/domain/coverage.h): an hour is no hole, and 400 days before the
// latest end are kept.
constexpr int64_t kNoHoleS = 3600;
constexpr int64_t kKeptS = int64_t{400} * 86'400;

bool IsSound(const OraclePoint& point) { return !point.suspect && !point.release; }

bool ComesBefore(const OraclePoint& a, const OraclePoint& b) {
  const auto key = [](const OraclePoint& point) {
    return std::make_tuple(point.effective_s(), !point.suspect, point.Order());
  };
  return key(a) < key(b);
}

// An end is explained when one of the measurements that end there says why.
void Extend(const OracleInterval& by, OracleInterval& piece) {
  if (by.end_s < piece.end_s) return;
  const bool same_end = by.end_s == piece.end_s;
  piece.end_s = by.end_s;
  piece.end_explained = by.end_explained || (same_end && piece.end_explained);
  piece.ended_by_reload = by.ended_by_reload || (same_end && piece.ended_by_reload);
}

void ForgetWhatIsOld(std::vector<OracleInterval>& pieces) {
  if (pieces.empty()) return;
  const int64_t from_s = pieces.back().end_s - kKeptS;
  if (pieces.front().start_s > from_s + kNoHoleS) return;
  std::erase_if(pieces, [&](const OracleInterval& piece) { return piece.end_s < from_s; });
  if (pieces.front().start_s <= from_s + kNoHoleS) pieces.front().start_s = from_s;
}

}  // namespace

TimelineOracle::TimelineOracle(std::vector<OraclePoint> points) : points_(std::move(points)) {
  if (!std::is_sorted(points_.begin(), points_.end(), ComesBefore)) {
    std::sort(points_.begin(), points_.end(), ComesBefore);
  }
}

int64_t TimelineOracle::FirstUse() const {
  int64_t first_s = 0;
  for (const OraclePoint& point : points_) {
    if (point.count == 0) continue;
    // 0 says never, so the epoch itself counts as the second after.
    const int64_t used_s = std::max<int64_t>(1, point.suspect ? point.received_s : point.start_s);
    if (first_s == 0 || used_s < first_s) first_s = used_s;
  }
  return first_s;
}

std::vector<int64_t> TimelineOracle::Changes() const {
  std::vector<int64_t> ends;
  const OraclePoint* before = nullptr;
  for (const OraclePoint& point : points_) {
    if (!IsSound(point)) continue;
    if (before != nullptr && before->count != point.count) ends.push_back(point.end_s);
    before = &point;
  }
  return ends;
}

std::vector<OracleInterval> TimelineOracle::Coverage() const {
  std::vector<OracleInterval> measured;
  for (const OraclePoint& point : points_) {
    if (!IsSound(point)) continue;
    measured.push_back({point.start_s, point.end_s, point.end_explained, point.ended_by_reload});
  }
  std::sort(measured.begin(), measured.end(),
            [](const OracleInterval& a, const OracleInterval& b) { return a.start_s < b.start_s; });
  std::vector<OracleInterval> pieces;
  for (const OracleInterval& interval : measured) {
    if (pieces.empty() || interval.start_s - pieces.back().end_s > kNoHoleS) {
      pieces.push_back(interval);
    } else {
      Extend(interval, pieces.back());
    }
  }
  ForgetWhatIsOld(pieces);
  return pieces;
}

bool TimelineOracle::HasUnverifiable() const {
  return std::any_of(points_.begin(), points_.end(),
                     [](const OraclePoint& point) { return !point.verified && !point.release; });
}

bool TimelineOracle::HasAlwaysCounting() const {
  return std::any_of(points_.begin(), points_.end(),
                     [](const OraclePoint& point) { return point.verified || point.release; });
}

bool HasGap(const std::vector<OracleInterval>& coverage) {
  return !coverage.empty() && std::any_of(coverage.begin(), std::prev(coverage.end()),
                                          [](const OracleInterval& piece) { return !piece.end_explained; });
}

}  // namespace quartermaster::ledger::fsck
