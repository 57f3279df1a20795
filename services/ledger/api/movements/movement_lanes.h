// Requests to move rights of one Smart Account form a lane. A worker takes everybody who waits in it into one
// transaction; those who come meanwhile wait for the next. So a request alone waits for nobody, and many
// share a commit. One lane is worked by one worker at a time, as its rights have one writer anyway.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_LANES_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_LANES_H_

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/ledger/api/idempotent_write.h"
#include "services/ledger/api/movements/movement_call.h"
#include "services/ledger/api/movements/movement_group.h"

namespace quartermaster::ledger {

// Thread-safe.
class MovementLanes {
 public:
  explicit MovementLanes(const ApiContext& api);
  // Works off what waits. Nobody may submit any more.
  ~MovementLanes();

  // Calls `call->done` once, from any thread, when the call is committed or refused; does not block.
  // `smart_account` is a domain or name; empty = the default. `ledger.too_many_movements` when its lane is
  // full, `ledger.deadline_passed` when its turn comes after its deadline.
  void Submit(const std::string& smart_account, std::unique_ptr<MovementCall> call);

 private:
  using Calls = std::vector<std::unique_ptr<MovementCall>>;
  struct Lane {
    std::string smart_account;
    std::deque<std::unique_ptr<MovementCall>> waiting;
    int64_t waiting_lines = 0;
    // Somebody works it, or it stands in ready_.
    bool busy = false;
    // Its worker's.
    std::optional<KeptRights> kept;
  };

  void Work();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !ready_.empty(); }
  Calls Take(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave(Lane& lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunGroup(Lane& lane, const std::vector<MovementCall*>& calls);
  absl::Status Transact(Lane& lane, const std::vector<MovementCall*>& calls);

  const ApiContext api_;
  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mutex_);
  // Lanes in which somebody waits and nobody works, first come first served.
  std::deque<Lane*> ready_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> workers_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_LANES_H_
