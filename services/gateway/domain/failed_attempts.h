// How many credentials from one address (of IPv6: from one /64) may still fail, so that guessing is
// slow and costs us little. Thread-safe.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_FAILED_ATTEMPTS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_FAILED_ATTEMPTS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/gateway/domain/request_budget.h"

namespace quartermaster::gateway {

class FailedAttempts {
 public:
  // Twenty at once, then one in two seconds.
  static constexpr double kPerSecond = 0.5;
  static constexpr double kBurst = 20;

  // Zero when a credential from this address may be looked at, else how long to wait. It counts as
  // failed until Forgive says otherwise: many at once must not all slip through.
  absl::Duration Begin(std::string_view address, int64_t now_ns);
  // The credential was good, or nobody could tell.
  void Forgive(std::string_view address);
  // How many addresses are remembered.
  size_t addresses() const;

 private:
  struct Sender {
    RequestBudget budget{kPerSecond, kBurst};
    // Its place in by_age_.
    std::list<std::string>::iterator age;
  };

  static constexpr size_t kAddressesMax = 16384;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<Sender>> senders_ ABSL_GUARDED_BY(mutex_);
  // The one that was heard of longest ago first: it goes when there is no room, so that a flood of
  // other addresses does not wash away who guesses now.
  std::list<std::string> by_age_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_DOMAIN_FAILED_ATTEMPTS_H_
