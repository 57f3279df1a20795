// Where a product instance has its home: one Virtual Account, chosen at its first contact. Later
// reports never move it; a person may. One that was removed and reports again is at home where it was: that
// is what the books know of it, like an inventory, and nobody's home is closed without moving it.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_RULE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_RULE_H_

#include <cstdint>
#include <optional>
#include <set>

namespace quartermaster::ledger {

// What points to a home for a UDI that has none yet. Virtual Account ids.
struct HomeHints {
  // Of the trust code that the instance holds.
  std::optional<int64_t> trust_code;
  // Imported inventory.
  std::optional<int64_t> inventory;
  // The door that the report came through: tenant URL, manifest, option.
  std::optional<int64_t> door;
};

// The first that is known and not closed, in the order above; else the Smart Account's default Virtual
// Account, which is never closed.
inline int64_t HomeOf(const HomeHints& hints, const std::set<int64_t>& closed,
                      int64_t default_virtual_account) {
  for (const auto& hint : {hints.trust_code, hints.inventory, hints.door}) {
    if (hint.has_value() && !closed.contains(*hint)) return *hint;
  }
  return default_virtual_account;
}

// Whether a report that came through `door` reached the wrong Virtual Account: it is booked at home
// all the same, and a finding says so.
inline bool IsWrongDoor(std::optional<int64_t> door, int64_t home) {
  return door.has_value() && *door != home;
}

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_RULE_H_
