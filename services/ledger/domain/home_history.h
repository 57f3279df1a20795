// Where a consumer was at home over time. A move takes its use along from then on; what was in use before
// stays where it was, also what only becomes known later.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_HISTORY_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_HISTORY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "services/ledger/domain/usage_steps.h"

namespace quartermaster::ledger {

// At home in virtual_account_id until until_s (exclusive), since the one before ended.
struct FormerHome {
  int64_t until_s = 0;
  int64_t virtual_account_id = 0;
  bool operator==(const FormerHome&) const = default;
};

// A movement of use in one Virtual Account, or from one to another.
struct HomeDelta {
  // 0: more or fewer are in use; else so many come from there.
  int64_t from_virtual_account_id = 0;
  int64_t virtual_account_id = 0;
  UsageDelta delta;
  bool operator==(const HomeDelta&) const = default;
};

// What `delta` means where the consumer was and is at home: it begins in the home of its time, and follows
// every later move. `former` rises by until_s; `home` is where it is now.
std::vector<HomeDelta> DivideByHome(const UsageDelta& delta, std::span<const FormerHome> former,
                                    int64_t home);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HOME_HISTORY_H_
