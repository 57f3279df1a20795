// The figures of all pools of a Smart Account as they are now.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOLS_NOW_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOLS_NOW_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/ledger/domain/compliance.h"

namespace quartermaster::ledger {

// Use changes with every report, rights seldom: the lots of an account are kept in memory with the stamp that
// they were read under (see LockRights), and read again when the account has another one. When each starts
// and ends is judged for every answer. Thread-safe.
class PoolsNow {
 public:
  // Every pool of the Smart Account that ever held or used something, by (Virtual Account, tag): what is in
  // use by the counters, what is entitled by the lots in force at `now`. Runs in the caller's transaction
  // and throws what libpqxx throws.
  std::vector<PoolFigures> Read(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                absl::Time now);

 private:
  // What one lot brings to one pool.
  struct Lot {
    int64_t virtual_account_id;
    int32_t tag_id;
    // Available, held, reserved and expired.
    int64_t quantity;
    int64_t overage_quantity;
    absl::Time start;
    absl::Time end;
  };
  // By (Virtual Account, tag).
  using Lots = std::vector<Lot>;
  struct Kept {
    int64_t stamp;
    std::shared_ptr<const Lots> lots;
  };

  std::shared_ptr<const Lots> LotsOf(pqxx::transaction_base& transaction, int64_t smart_account_id);
  static Lots ReadLots(pqxx::transaction_base& transaction, int64_t smart_account_id);

  absl::Mutex mutex_;
  std::map<int64_t, Kept> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_POOLS_NOW_H_
