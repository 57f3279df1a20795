#include "services/ledger/domain/home_history.h"

namespace quartermaster::ledger {

std::vector<HomeDelta> DivideByHome(const UsageDelta& delta, std::span<const FormerHome> former,
                                    int64_t home) {
  size_t at = 0;
  while (at < former.size() && former[at].until_s <= delta.effective_s) ++at;
  const auto home_of = [&](size_t i) { return i < former.size() ? former[i].virtual_account_id : home; };
  std::vector<HomeDelta> divided = {{0, home_of(at), delta}};
  for (; at < former.size(); ++at) {
    if (home_of(at) == home_of(at + 1)) continue;
    divided.push_back({home_of(at), home_of(at + 1), {former[at].until_s, delta.quantity}});
  }
  return divided;
}

}  // namespace quartermaster::ledger
