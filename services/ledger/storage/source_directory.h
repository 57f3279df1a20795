// From a report's source number to the product instance and license tag that it stands for. Rows
// that do not exist yet are made: an instance gets its home by the home rule, a tag that nobody
// imported is kept as unknown.
//
// The caches hold what was read or written under the lock of the usage books (usage_lock.h); Clear
// them when another process may have held it in between.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_SOURCE_DIRECTORY_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_SOURCE_DIRECTORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/generation_cache.h"
#include "services/ledger/storage/product_instance_store.h"
#include "services/ledger/storage/report_reader.h"

namespace quartermaster::ledger {

struct Source {
  int64_t product_instance_id = 0;
  int32_t tag_id = 0;
};

// What applying a report needs to know of its product instance.
struct Instance {
  int64_t product_instance_id = 0;
  int64_t virtual_account_id = 0;  // its home
  int64_t lead_id = 0;             // its consumer
  int64_t consumer_virtual_account_id = 0;
  // Since when that one, Unix seconds; 0 = always was.
  int64_t consumer_home_since_s = 0;
  // Of the HA members that it reported last and whose claims are stored; 0 = none.
  uint64_t ha_fingerprint = 0;
  // False once it is certain that no finding "wrong virtual account" is open.
  bool may_have_wrong_door = true;
};

class SourceDirectory {
 public:
  // Bounds memory; about 60 bytes a source and 80 an instance.
  explicit SourceDirectory(size_t entries_max) : sources_(entries_max), instances_(entries_max) {}

  using SourceKey = std::pair<int64_t, int64_t>;  // Smart Account, source number
  // For each report its source; nullopt where the source is not there or belongs to another Smart
  // Account's product instance (the report cannot be booked).
  absl::StatusOr<std::vector<std::optional<Source>>> Resolve(pg::RawConnection& connection,
                                                             std::span<const StoredReport> reports,
                                                             absl::Time now);

  // The instances with these ids, which exist. Copies: changes go through Remember.
  absl::StatusOr<absl::flat_hash_map<int64_t, Instance>> Instances(pg::RawConnection& connection,
                                                                   std::span<const InstanceKey> keys);
  void Remember(const Instance& instance) { instances_.Put(instance.product_instance_id, instance); }
  void Forget(int64_t product_instance_id) { instances_.Erase(product_instance_id); }

  void Clear();

 private:
  // The first report of the batch that names a source.
  struct FirstReport {
    size_t number = 0;
    std::optional<int64_t> door;
  };
  using Missing = std::map<SourceKey, FirstReport>;
  absl::Status ResolveMissing(pg::RawConnection& connection, const Missing& missing, absl::Time now);

  GenerationCache<SourceKey, Source> sources_;
  GenerationCache<int64_t, Instance> instances_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_SOURCE_DIRECTORY_H_
