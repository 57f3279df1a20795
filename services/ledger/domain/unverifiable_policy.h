// Whether unverifiable reports count, over time: the switches of one Smart Account. Before the first
// switch they do.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_UNVERIFIABLE_POLICY_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_UNVERIFIABLE_POLICY_H_

#include <cstdint>
#include <span>
#include <vector>

namespace quartermaster::ledger {

struct PolicySwitch {
  int64_t effective_s = 0;
  bool counts = true;
};

class UnverifiablePolicy {
 public:
  UnverifiablePolicy() = default;
  // Effective times rise strictly.
  explicit UnverifiablePolicy(std::vector<PolicySwitch> switches) : switches_(std::move(switches)) {}

  std::span<const PolicySwitch> switches() const { return switches_; }
  // How many switches there are. Switches are only ever added at the end, so a smaller number
  // names an earlier state of this policy.
  size_t size() const { return switches_.size(); }
  // This policy when it had only its first `count` switches.
  UnverifiablePolicy First(size_t count) const {
    if (count >= switches_.size()) return *this;
    return UnverifiablePolicy({switches_.begin(), switches_.begin() + count});
  }

  bool CountsAt(int64_t time_s) const {
    bool counts = true;
    for (const PolicySwitch& change : switches_) {
      if (change.effective_s > time_s) break;
      counts = change.counts;
    }
    return counts;
  }
  bool CountsNow() const { return switches_.empty() || switches_.back().counts; }
  // Whether nothing switches after time_s.
  bool ConstantFrom(int64_t time_s) const {
    return switches_.empty() || switches_.back().effective_s <= time_s;
  }

 private:
  std::vector<PolicySwitch> switches_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_UNVERIFIABLE_POLICY_H_
