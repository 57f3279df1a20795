#include "services/common/rpc/account_of_call.h"

#include "absl/strings/match.h"
#include "services/common/rpc/rpc_errors.h"

namespace quartermaster::rpc {

absl::StatusOr<std::string> AccountOfCall(const Caller& caller, const std::string& named) {
  if (caller.smart_account.empty()) return named;
  if (named.empty() || absl::EqualsIgnoreCase(named, caller.smart_account)) return caller.smart_account;
  return SmartAccountDenied(caller.smart_account);
}

}  // namespace quartermaster::rpc
