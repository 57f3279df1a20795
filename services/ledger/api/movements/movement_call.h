// A caller's request to move rights, on its way through a group.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_CALL_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_CALL_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// Exactly one of the two requests is set. Requests and response live until `done` is called.
struct MovementCall {
  LoggedCall logged;
  absl::Time deadline = absl::InfiniteFuture();
  const v1::TransferEntitlementsRequest* transfer = nullptr;
  const v1::ReverseMovementRequest* reversal = nullptr;
  // Filled when the group's transaction has committed and `result` is OK.
  v1::Movement* response = nullptr;
  absl::Status result = absl::OkStatus();
  std::function<void(const absl::Status& result)> done;

  // How much work it is.
  int64_t lines() const { return transfer == nullptr ? 1 : std::max(1, transfer->transfers_size()); }
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_MOVEMENTS_MOVEMENT_CALL_H_
