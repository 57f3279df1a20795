// Which sender a source belongs to, remembered: it never changes, and a round of a bulk import asks
// for tens of thousands.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SOURCE_SENDERS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SOURCE_SENDERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::authority {

// (Smart Account, source id).
using SourceKey = std::pair<int64_t, int64_t>;

// Not thread-safe.
class SourceSenders {
 public:
  // About 60 bytes each at most.
  explicit SourceSenders(size_t remembered_max = 500'000) : remembered_max_(remembered_max) {}

  // Afterwards SenderOf knows each of `sources`. Reads those that are not remembered; starts anew
  // when there would be too many. `authority.stored_row_damaged` for a source that does not exist.
  absl::Status Load(pg::RawConnection& connection, const std::set<SourceKey>& sources);

  // Of a source that was given to the last Load.
  int64_t SenderOf(const SourceKey& source) const { return senders_.at(source); }

 private:
  const size_t remembered_max_;
  absl::flat_hash_map<SourceKey, int64_t> senders_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_SOURCE_SENDERS_H_
