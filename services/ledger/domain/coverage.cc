#include "services/ledger/domain/coverage.h"

#include <algorithm>

#include "services/ledger/domain/varint.h"

namespace quartermaster::ledger {
namespace {

bool Meet(const Coverage::Interval& earlier, const Coverage::Interval& later) {
  return later.start_s <= earlier.end_s || later.start_s - earlier.end_s <= kGapAfterS;
}

// The hull of both; the explanation is that of the later end.
void Join(const Coverage::Interval& from, Coverage::Interval& into) {
  if (from.end_s > into.end_s) {
    into.end_s = from.end_s;
    into.end_explained = from.end_explained;
    into.ended_by_reload = from.ended_by_reload;
  } else if (from.end_s == into.end_s) {
    into.end_explained |= from.end_explained;
    into.ended_by_reload |= from.ended_by_reload;
  }
  into.start_s = std::min(into.start_s, from.start_s);
}

}  // namespace

void Coverage::Add(Interval interval) {
  interval.start_s = std::min(interval.start_s, interval.end_s);
  // The first interval that the new one meets or precedes. Appending is the usual case.
  auto first = intervals_.end();
  while (first != intervals_.begin() &&
         (std::prev(first)->start_s > interval.end_s || Meet(*std::prev(first), interval))) {
    --first;
  }
  auto last = first;
  while (last != intervals_.end() && Meet(interval, *last)) {
    Join(*last, interval);
    ++last;
  }
  if (first == last) {
    intervals_.insert(first, interval);
  } else {
    *first = interval;
    intervals_.erase(std::next(first), last);
  }
  Forget();
}

void Coverage::Forget() {
  const int64_t from_s = WrappingSubtract(intervals_.back().end_s, kCoverageKeptS);
  if (intervals_.front().start_s > from_s + kGapAfterS) return;
  const auto kept = std::find_if(intervals_.begin(), intervals_.end(),
                                 [&](const Interval& interval) { return interval.end_s >= from_s; });
  intervals_.erase(intervals_.begin(), kept);
  // Up to an hour is no hole, also to what was there before.
  Interval& oldest = intervals_.front();
  if (oldest.start_s <= from_s + kGapAfterS) oldest.start_s = from_s;
}

void Coverage::Add(const Coverage& other) {
  for (const Interval& interval : other.intervals_) Add(interval);
}

std::vector<CoverageHole> Coverage::Holes(int64_t longer_than_s) const {
  std::vector<CoverageHole> holes;
  for (size_t i = 1; i < intervals_.size(); ++i) {
    const Interval& before = intervals_[i - 1];
    if (intervals_[i].start_s - before.end_s <= longer_than_s) continue;
    holes.push_back({.start_s = before.end_s,
                     .end_s = intervals_[i].start_s,
                     .explained = before.end_explained,
                     .restart = before.ended_by_reload});
  }
  return holes;
}

bool Coverage::HasGap(int64_t longer_than_s) const {
  for (size_t i = 1; i < intervals_.size(); ++i) {
    const Interval& before = intervals_[i - 1];
    if (!before.end_explained && intervals_[i].start_s - before.end_s > longer_than_s) return true;
  }
  return false;
}

void Coverage::Pack(std::string& out) const {
  int64_t before_s = 0;
  for (const Interval& interval : intervals_) {
    PutSignedVarint(WrappingSubtract(interval.start_s, before_s), out);
    PutVarint((static_cast<uint64_t>(interval.end_s - interval.start_s) << 2) |
                  (interval.end_explained ? 1 : 0) | (interval.ended_by_reload ? 2 : 0),
              out);
    before_s = interval.end_s;
  }
}

bool Coverage::Unpack(std::string_view bytes, Coverage& coverage) {
  VarintReader reader(bytes);
  coverage.intervals_.clear();
  int64_t before_s = 0;
  while (!reader.AtEnd()) {
    Interval interval;
    interval.start_s = WrappingAdd(before_s, reader.Signed());
    const uint64_t length_and_flags = reader.Unsigned();
    interval.end_s = WrappingAdd(interval.start_s, static_cast<int64_t>(length_and_flags >> 2));
    interval.end_explained = (length_and_flags & 1) != 0;
    interval.ended_by_reload = (length_and_flags & 2) != 0;
    if (!reader.ok()) return false;
    coverage.intervals_.push_back(interval);
    before_s = interval.end_s;
  }
  return true;
}

}  // namespace quartermaster::ledger
