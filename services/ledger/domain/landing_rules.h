// Where purchased rights land that name no Virtual Account.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LANDING_RULES_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LANDING_RULES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace quartermaster::ledger {

// The rules of one Smart Account. Not thread-safe.
class LandingRules {
 public:
  // An empty order or tag means any; both empty is no rule.
  void Add(const std::string& order_id, const std::string& tag, int64_t virtual_account_id) {
    rules_[{order_id, tag}] = virtual_account_id;
  }

  // By the most specific rule: order and tag, then order, then tag. Nothing when none applies.
  std::optional<int64_t> VirtualAccountFor(const std::string& order_id, const std::string& tag) const;

 private:
  std::map<std::pair<std::string, std::string>, int64_t> rules_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_LANDING_RULES_H_
