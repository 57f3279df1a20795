// The stored form of a position's timeline, decoded: usage_positions.points and the rows of
// usage_timeline_chunks. The layout stands in services/ledger/domain/usage_timeline_storage.cc.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_TIMELINE_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_TIMELINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/ledger/domain/usage_point.h"

namespace quartermaster::ledger::fsck {

struct StoredTimeline {
  // Bits: 1 has points that always count, 2 has unverifiable ones.
  uint8_t traits = 0;
  // How many switches of the policy were posted.
  uint64_t switches_posted = 0;
  // Product instances; none = just the consumer.
  std::vector<int64_t> members;
  // (place in members, report id) of verified reports that measured nothing that counts.
  std::vector<std::pair<uint64_t, int64_t>> silent;
  // Of the chunks, then of the head.
  std::vector<UsagePoint> points;
};

// Nothing when the bytes are no timeline.
std::optional<StoredTimeline> DecodeTimeline(const std::string& head, const std::vector<std::string>& chunks);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_TIMELINE_H_
