// Which Smart Account a call is about: the one rule for every service.
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_ACCOUNT_OF_CALL_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_ACCOUNT_OF_CALL_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/common/rpc/caller.h"

namespace quartermaster::rpc {

// What the request names, else what the caller is bound to; empty = neither, which means the default
// account or all of them, as the method says. A caller that is bound to an account, whatever its
// role, has no other: naming one is `rpc.smart_account_denied`. A bound caller may repeat the name
// that it is bound to, without regard to ASCII case.
absl::StatusOr<std::string> AccountOfCall(const Caller& caller, const std::string& named);

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_ACCOUNT_OF_CALL_H_
