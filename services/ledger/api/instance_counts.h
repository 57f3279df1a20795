// How many product instances each Virtual Account has, and how many of them are overdue. Counting
// looks at every instance of the account, so a count is used again for twenty times as long as it
// took: small accounts are counted at each call, and a million instances cost some percent of a core
// however often somebody asks.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_COUNTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_COUNTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/ledger/storage/administration/pool_query.h"

namespace quartermaster::ledger {

// Thread-safe.
class InstanceCountsCache {
 public:
  using Counts = std::map<int64_t, InstanceCounts>;  // by Virtual Account
  // `machine_now` is the machine's clock: it measures cost and age. Replaced in tests.
  explicit InstanceCountsCache(std::function<absl::Time()> machine_now = &absl::Now)
      : machine_now_(std::move(machine_now)) {}

  // What was counted lately, else what `count` answers now. While one caller counts, the others get
  // the count before or, when there is none, wait for it. Passes on what `count` throws.
  std::shared_ptr<const Counts> Get(int64_t smart_account_id, const std::function<Counts()>& count);

 private:
  struct Entry {
    std::shared_ptr<const Counts> counts;
    absl::Time good_until = absl::InfinitePast();
    bool counting = false;
  };

  const std::function<absl::Time()> machine_now_;
  absl::Mutex mutex_;
  std::map<int64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_COUNTS_H_
