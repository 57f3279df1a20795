// The stored form of a timeline: head, coverage and chunks.
//   head:  version byte 1, traits byte, varint switches of the policy that were posted, varint
//          number of members (0: just the consumer) and a varint for each, varint number of silent
//          reports and for each varint member and signed varint report id, then packed points
//   chunk: packed points (usage_points_codec.h); empty when all its points were superseded
#include <algorithm>
#include <utility>

#include "services/ledger/domain/usage_points_codec.h"
#include "services/ledger/domain/usage_timeline.h"
#include "services/ledger/domain/varint.h"

namespace quartermaster::ledger {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kMembersMax = 65535;

// Sorts before every point: boundary of a chunk without any.
UsagePoint BeforeAll() {
  UsagePoint point;
  point.effective_s = INT64_MIN;
  return point;
}

}  // namespace

bool UsageTimeline::Restore(const Stored& stored, UsageTimeline& timeline) {
  timeline = UsageTimeline(stored.consumer_id);
  timeline.position_ = stored.position;
  timeline.chunk_count_ = stored.chunk_count;
  timeline.loaded_ = stored.chunk_count == 0;
  VarintReader reader(stored.points);
  if (reader.Byte() != kVersion) return false;
  timeline.traits_ = reader.Byte();
  timeline.policy_size_ = reader.Unsigned();
  const uint64_t member_count = reader.Unsigned();
  if (!reader.ok() || member_count > kMembersMax) return false;
  if (member_count > 0) timeline.members_.clear();
  for (uint64_t i = 0; i < member_count; ++i) {
    timeline.members_.push_back(static_cast<int64_t>(reader.Unsigned()));
  }
  const uint64_t silent_count = reader.Unsigned();
  for (uint64_t i = 0; i < silent_count && reader.ok(); ++i) {
    Identity identity;
    const uint64_t member = reader.Unsigned();
    if (member >= timeline.members_.size()) return false;
    identity.member = static_cast<uint16_t>(member);
    identity.report_id = reader.Signed();
    timeline.silent_.push_back(identity);
  }
  if (!reader.ok() || !UnpackPoints(reader.Rest(), timeline.points_)) return false;
  const auto known_member = [&](const UsagePoint& point) { return point.member < timeline.members_.size(); };
  return std::all_of(timeline.points_.begin(), timeline.points_.end(), known_member) &&
         Coverage::Unpack(stored.coverage, timeline.coverage_);
}

bool UsageTimeline::LoadChunks(std::span<const std::string_view> chunks) {
  if (std::ssize(chunks) != chunk_count_) return false;
  std::vector<UsagePoint> points;
  for (std::string_view chunk : chunks) {
    if (!UnpackPoints(chunk, points)) return false;
    boundaries_.push_back(points.empty() ? BeforeAll() : points.back());
    stored_chunks_.emplace_back(chunk);
  }
  points.insert(points.end(), points_.begin(), points_.end());
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].member >= members_.size()) return false;
    if (i > 0 && !(points[i - 1] < points[i])) return false;
  }
  points_ = std::move(points);
  loaded_ = true;
  return true;
}

size_t UsageTimeline::StoreChunks(const TimelineCut& cut, std::vector<Chunk>& chunks) {
  size_t begin = 0;
  for (int32_t number = 0; number < chunk_count_; ++number) {
    size_t end = begin;
    while (end < points_.size() && !(boundaries_[number] < points_[end])) ++end;
    std::string packed;
    PackPoints(std::span(points_).subspan(begin, end - begin), packed);
    if (packed.size() > cut.grown_chunk_bytes_max) return CutAnew(number, begin, cut, chunks);
    if (packed != stored_chunks_[number]) {
      chunks.push_back({number, packed});
      stored_chunks_[number] = std::move(packed);
    }
    begin = end;
  }
  return begin;
}

// Cuts all points from `begin` on into chunks from `number` on. Numbers that are left over stay as
// empty chunks.
size_t UsageTimeline::CutAnew(int32_t number, size_t begin, const TimelineCut& cut,
                              std::vector<Chunk>& chunks) {
  const int32_t count_before = std::exchange(chunk_count_, number);
  boundaries_.resize(number);
  stored_chunks_.resize(number);
  const size_t head_begin = std::max(begin, FirstToKeep(begin, cut));
  Spill(begin, head_begin, cut, chunks);
  while (chunk_count_ < count_before) {
    chunks.push_back({chunk_count_++, ""});
    boundaries_.push_back(boundaries_.empty() ? BeforeAll() : boundaries_.back());
    stored_chunks_.emplace_back();
  }
  return head_begin;
}

// Where the head begins after its older points went to chunks. It reaches back to a measurement, so
// that appending needs no chunk.
size_t UsageTimeline::FirstToKeep(size_t head_begin, const TimelineCut& cut) const {
  if (points_.size() - head_begin <= cut.head_points_kept) return head_begin;
  const size_t newest = points_.size() - cut.head_points_kept;
  for (size_t keep = newest; keep > head_begin; --keep) {
    if (!points_[keep].suspect() && !points_[keep].release()) return keep;
  }
  return newest;
}

// Moves points_[begin, end) to new chunks at the end.
void UsageTimeline::Spill(size_t begin, size_t end, const TimelineCut& cut, std::vector<Chunk>& chunks) {
  while (begin < end) {
    Chunk chunk{.number = chunk_count_++, .points = {}};
    begin +=
        PackPointsUpTo(std::span(points_).subspan(begin, end - begin), cut.chunk_bytes_max, chunk.points);
    if (loaded_) {
      boundaries_.push_back(points_[begin - 1]);
      stored_chunks_.push_back(chunk.points);
    }
    chunks.push_back(std::move(chunk));
  }
}

void UsageTimeline::Store(std::string& head, std::string& coverage, std::vector<Chunk>& chunks,
                          const TimelineCut& cut) {
  size_t head_begin = loaded_ ? StoreChunks(cut, chunks) : 0;
  std::string packed;
  PackPoints(std::span(points_).subspan(head_begin), packed);
  if (packed.size() > cut.head_bytes_max) {
    const size_t keep = FirstToKeep(head_begin, cut);
    Spill(head_begin, keep, cut, chunks);
    head_begin = keep;
    if (!loaded_) {
      points_.erase(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(keep));
      head_begin = 0;
    }
    packed.clear();
    PackPoints(std::span(points_).subspan(head_begin), packed);
  }
  head.push_back(kVersion);
  head.push_back(static_cast<char>(traits_));
  PutVarint(policy_size_, head);
  const bool alone = members_.size() == 1;
  PutVarint(alone ? 0 : members_.size(), head);
  if (!alone) {
    for (const int64_t member : members_) PutVarint(static_cast<uint64_t>(member), head);
  }
  PutVarint(silent_.size(), head);
  for (const Identity& identity : silent_) {
    PutVarint(identity.member, head);
    PutSignedVarint(identity.report_id, head);
  }
  head.append(packed);
  coverage_.Pack(coverage);
}

}  // namespace quartermaster::ledger
