#include "services/ledger/jobs/batch_context.h"

#include <algorithm>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {

absl::Status BatchPositions::Load(pg::RawConnection& connection, std::span<const PositionKey> keys) {
  std::vector<PositionKey> missing;
  for (const PositionKey& key : keys) {
    if (!positions_.contains(key)) missing.push_back(key);
  }
  if (missing.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<StoredPosition> loaded, LoadPositions(connection, missing));
  for (StoredPosition& position : loaded) Put(std::move(position));
  return absl::OkStatus();
}

StoredPosition* BatchPositions::Find(const PositionKey& key) {
  const auto found = positions_.find(key);
  return found == positions_.end() ? nullptr : found->second.get();
}

StoredPosition& BatchPositions::Put(StoredPosition position) {
  const PositionKey key = position.key;
  auto& slot = positions_[key];
  slot = std::make_unique<StoredPosition>(std::move(position));
  return *slot;
}

void BatchPositions::Remove(const PositionKey& key) {
  const auto found = positions_.find(key);
  if (found != positions_.end()) {
    std::erase(changed_, found->second.get());
    positions_.erase(found);
  }
  removed_.push_back(key);
}

absl::Status BatchPositions::Save(pg::RawConnection& connection) {
  RETURN_IF_ERROR(DeletePositions(connection, removed_));
  // In key order, each once: rows that belong together lie together.
  std::sort(changed_.begin(), changed_.end(),
            [](const StoredPosition* a, const StoredPosition* b) { return a->key < b->key; });
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  return SavePositions(connection, changed_);
}

}  // namespace quartermaster::ledger
