#include "services/ledger/jobs/expire_terms.h"

#include <optional>
#include <vector>

#include "services/common/status/status_macros.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/terms_book.h"

namespace quartermaster::ledger {

absl::StatusOr<bool> ExpireTerms::RunOnce(absl::Time now) {
  // Most runs find nothing, and write nothing.
  ASSIGN_OR_RETURN(
      const std::optional<int64_t> account,
      pool_.Read("ledger_find_ended_terms",
                 [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::optional<int64_t>> {
                   return AccountToExpire(transaction, now);
                 }));
  if (!account.has_value()) return false;
  RETURN_IF_ERROR(
      pool_.Transact("ledger_expire_terms", [&](pqxx::transaction_base& transaction) -> absl::Status {
        LockRights(transaction, *account);
        const std::vector<BookedMovement> ended = EndedQuantities(transaction, *account, now, movements_max_);
        if (ended.empty()) return absl::OkStatus();
        const Act act{.actor = "service:ledger", .method = "expire_terms", .now = now};
        BookMovements(transaction, *account, ChangeKind::kExpiry, ended, act);
        return absl::OkStatus();
      }));
  return true;
}

}  // namespace quartermaster::ledger
