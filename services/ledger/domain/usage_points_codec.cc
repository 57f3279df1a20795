#include "services/ledger/domain/usage_points_codec.h"

#include "services/ledger/domain/varint.h"

namespace quartermaster::ledger {
namespace {

enum Header : uint8_t {
  kCountDiffers = 1,
  kPlaceGiven = 2,
  kSuspect = 4,
  kUnverifiable = 8,
  kEndExplained = 16,
  kEndedByReload = 32,
  kRelease = 64,
  kMemberGiven = 128,
};

struct FlagPair {
  PointFlag flag;
  Header header;
};
constexpr FlagPair kFlags[] = {{kPointClockSuspect, kSuspect},
                               {kPointUnverifiable, kUnverifiable},
                               {kPointEndExplained, kEndExplained},
                               {kPointEndedByReload, kEndedByReload},
                               {kPointRelease, kRelease}};

int32_t ExpectedPlace(const UsagePoint& point, const UsagePoint& before) {
  if (point.release() || point.report_id != before.report_id) return 0;
  return before.place + 1;
}

uint8_t HeaderOf(const UsagePoint& point, const UsagePoint& before) {
  uint8_t header = 0;
  for (const FlagPair& pair : kFlags) {
    if (point.is(pair.flag)) header |= pair.header;
  }
  if (point.place != ExpectedPlace(point, before)) header |= kPlaceGiven;
  if (point.member != before.member) header |= kMemberGiven;
  if (!point.release() && point.count != before.count) header |= kCountDiffers;
  return header;
}

void PackPoint(const UsagePoint& point, const UsagePoint& before, std::string& out) {
  const uint8_t header = HeaderOf(point, before);
  out.push_back(static_cast<char>(header));
  PutVarint(static_cast<uint64_t>(WrappingSubtract(point.effective_s, before.effective_s)), out);
  if (header & kMemberGiven) PutVarint(point.member, out);
  if (!point.release()) {
    PutSignedVarint(WrappingSubtract(point.start_s, before.end_s), out);
    PutSignedVarint(WrappingSubtract(point.report_id, before.report_id), out);
  }
  if (header & kPlaceGiven) PutVarint(static_cast<uint32_t>(point.place), out);
  if (header & kCountDiffers) PutVarint(point.count, out);
  if (header & kSuspect) PutSignedVarint(WrappingSubtract(point.end_s, point.effective_s), out);
}

UsagePoint UnpackPoint(VarintReader& reader, const UsagePoint& before) {
  UsagePoint point;
  const uint8_t header = reader.Byte();
  for (const FlagPair& pair : kFlags) {
    if (header & pair.header) point.flags |= pair.flag;
  }
  point.effective_s = WrappingAdd(before.effective_s, static_cast<int64_t>(reader.Unsigned()));
  point.member = before.member;
  if (header & kMemberGiven) point.member = static_cast<uint16_t>(reader.Unsigned());
  if (point.release()) {
    point.start_s = point.end_s = point.effective_s;
  } else {
    point.start_s = WrappingAdd(before.end_s, reader.Signed());
    point.report_id = WrappingAdd(before.report_id, reader.Signed());
  }
  point.place = ExpectedPlace(point, before);
  if (header & kPlaceGiven) point.place = static_cast<int32_t>(reader.Unsigned());
  if (!point.release()) {
    point.count = before.count;
    if (header & kCountDiffers) point.count = static_cast<uint32_t>(reader.Unsigned());
    point.end_s = point.effective_s;
    if (header & kSuspect) point.end_s = WrappingAdd(point.effective_s, reader.Signed());
  }
  return point;
}

}  // namespace

void PackPoints(std::span<const UsagePoint> points, std::string& out) {
  UsagePoint before;
  for (const UsagePoint& point : points) {
    PackPoint(point, before, out);
    before = point;
  }
}

size_t PackPointsUpTo(std::span<const UsagePoint> points, size_t bytes_max, std::string& out) {
  UsagePoint before;
  const size_t begin = out.size();
  size_t packed = 0;
  for (const UsagePoint& point : points) {
    const size_t size_before = out.size();
    PackPoint(point, before, out);
    if (packed > 0 && out.size() - begin > bytes_max) {
      out.resize(size_before);
      break;
    }
    before = point;
    ++packed;
  }
  return packed;
}

bool UnpackPoints(std::string_view bytes, std::vector<UsagePoint>& points) {
  VarintReader reader(bytes);
  UsagePoint before;
  bool first = true;
  while (!reader.AtEnd()) {
    const UsagePoint point = UnpackPoint(reader, before);
    if (!reader.ok() || (!first && !(before < point))) return false;
    points.push_back(point);
    before = point;
    first = false;
  }
  return true;
}

}  // namespace quartermaster::ledger
