// Stored values of ledger_entries and lot_balances. Never renumbered.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ENTRY_STATES_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ENTRY_STATES_H_

#include <cstdint>

namespace quartermaster::ledger {

enum class Book : int16_t { kRights = 1, kUsage = 2 };

enum class EntryState : int16_t {
  // Rights book.
  kSource = 1,
  kAvailable = 2,
  kHeld = 3,
  kReserved = 4,
  kExpired = 5,
  // Usage book.
  kUsageSource = 6,
  kInUse = 7,
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ENTRY_STATES_H_
