// What is asked of a caller who is known: may this role call this method, this often, and beside so
// many others of its calls.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CALL_RIGHTS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CALL_RIGHTS_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "services/gateway/access/credential_cache.h"
#include "services/gateway/domain/method_access.h"

namespace quartermaster::gateway {

// The place of one call among those of its client that are under way; given back when it is
// destroyed. Not thread-safe.
class CallRight {
 public:
  CallRight() = default;
  explicit CallRight(KnownClientPtr client) : client_(std::move(client)) {}
  CallRight(CallRight&& other) noexcept = default;
  CallRight& operator=(CallRight&& other) noexcept {
    std::swap(client_, other.client_);
    return *this;
  }
  ~CallRight() {
    if (client_ != nullptr) client_->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  KnownClientPtr client_;
};

// `gateway.permission_denied`, `gateway.rate_limited`, or `gateway.overloaded`. Takes one call from
// the client's budget when it answers OK.
absl::StatusOr<CallRight> CheckCallRights(const KnownClientPtr& client, std::string_view method,
                                          RoleSet roles);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_ACCESS_CALL_RIGHTS_H_
