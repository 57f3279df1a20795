#include "services/ledger/fsck/stored_timeline.h"

#include "services/ledger/domain/usage_points_codec.h"
#include "services/ledger/domain/varint.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

std::optional<StoredTimeline> DecodeTimeline(const std::string& head,
                                             const std::vector<std::string>& chunks) {
  StoredTimeline timeline;
  VarintReader reader(head);
  if (reader.Byte() != kVersion) return std::nullopt;
  timeline.traits = reader.Byte();
  timeline.switches_posted = reader.Unsigned();
  // A count that is not true ends with the bytes.
  for (uint64_t left = reader.Unsigned(); left > 0 && reader.ok(); --left) {
    timeline.members.push_back(static_cast<int64_t>(reader.Unsigned()));
  }
  for (uint64_t left = reader.Unsigned(); left > 0 && reader.ok(); --left) {
    const uint64_t member = reader.Unsigned();
    timeline.silent.emplace_back(member, reader.Signed());
  }
  if (!reader.ok()) return std::nullopt;
  for (const std::string& chunk : chunks) {
    if (!UnpackPoints(chunk, timeline.points)) return std::nullopt;
  }
  if (!UnpackPoints(reader.Rest(), timeline.points)) return std::nullopt;
  return timeline;
}

}  // namespace quartermaster::ledger::fsck
