// What fsck reports.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_FINDING_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_FINDING_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace quartermaster::ledger::fsck {

// One rule that does not hold for one subject. README.md lists the rules.
struct Finding {
  std::string rule;
  std::string subject;
  std::string got;
  std::string want;
};
using FindingSink = std::function<void(const Finding&)>;
// Hears what is being checked; false: the caller has gone, stop.
using Progress = std::function<bool(std::string_view)>;

struct Totals {
  int64_t reports = 0;
  int64_t positions = 0;
  int64_t entries = 0;
  int64_t blocks = 0;
  int64_t findings = 0;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_FINDING_H_
