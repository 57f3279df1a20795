#include "services/ledger/domain/landing_rules.h"

namespace quartermaster::ledger {

std::optional<int64_t> LandingRules::VirtualAccountFor(const std::string& order_id,
                                                       const std::string& tag) const {
  const std::pair<std::string, std::string> keys[] = {{order_id, tag}, {order_id, ""}, {"", tag}};
  for (const auto& key : keys) {
    if (const auto found = rules_.find(key); found != rules_.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace quartermaster::ledger
