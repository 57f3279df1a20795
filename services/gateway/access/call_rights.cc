#include "services/gateway/access/call_rights.h"

#include "absl/strings/str_cat.h"
#include "services/gateway/domain/monotonic_time.h"
#include "services/gateway/gateway_errors.h"

namespace quartermaster::gateway {

absl::StatusOr<CallRight> CheckCallRights(const KnownClientPtr& client, std::string_view method,
                                          RoleSet roles) {
  if (!Allows(roles, client->caller.role)) {
    const std::string_view role = RoleName(client->caller.role);
    return PermissionDenied(absl::StrCat("role: got ", absl::string_view(role.data(), role.size()),
                                         ", which may not call ",
                                         absl::string_view(method.data(), method.size())));
  }
  if (client->calls_under_way.fetch_add(1, std::memory_order_relaxed) >= client->calls_under_way_max) {
    client->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
    return Overloaded(absl::StrCat("calls: got ", client->calls_under_way_max,
                                   " of this client under way, want fewer at once"));
  }
  CallRight right(client);
  const absl::Duration wait = client->budget.Take(MonotonicNs());
  if (wait > absl::ZeroDuration()) return RateLimited(wait);
  return right;
}

}  // namespace quartermaster::gateway
