// Rows of ledger_changes: the head of each movement, and ledger's change feed.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_LEDGER_CHANGE_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_LEDGER_CHANGE_STORE_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/domain/sealed_block.h"

namespace quartermaster::ledger {

// Stored values of ledger_changes.kind. Never renumbered.
enum class ChangeKind : int16_t {
  kPurchase = 1,
  kCorrection = 2,
  kReportsApplied = 3,
  kRelease = 4,
  kPolicySwitch = 5,
  kAcknowledgement = 6,
  kAdministration = 7,
  kTransfer = 8,
  kReversal = 9,
  // Product instances with their use, from one Virtual Account to another.
  kMove = 10,
  kHold = 20,
  kGrant = 21,
  kHoldCancelled = 22,
  kReturn = 23,
  // Of a product instance that cannot prove the removal any more: two administrators' word.
  kAuthorizationReleased = 24,
  // What of a lot was available when it ended.
  kExpiry = 30,
};

struct ChangeRow {
  int64_t smart_account_id = 0;
  ChangeKind kind = ChangeKind::kAdministration;
  EntriesSeal seal;
  std::string actor;
  std::string request_id;
  int64_t change_id = 0;  // filled in
};

// At most one row per Smart Account.
absl::Status InsertChanges(pg::RawConnection& connection, int32_t incarnation, absl::Time recorded_at,
                           std::span<ChangeRow> changes);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_LEDGER_CHANGE_STORE_H_
