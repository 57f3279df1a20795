#include "services/common/rpc/deadline.h"

#include "absl/time/clock.h"

namespace quartermaster::rpc {

absl::Time HandlerDeadline(const grpc::ServerContextBase& context, absl::Duration fallback) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return absl::Now() + fallback;
  }
  return absl::FromChrono(context.deadline()) - absl::Milliseconds(20);
}

}  // namespace quartermaster::rpc
