// Use over time, recomputed from all measurements of one consumer and tag in one sweep.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_USAGE_ORACLE_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_USAGE_ORACLE_H_

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace quartermaster::ledger::fsck {

// A measurement, or a release (an administrator ended the use at end_s; its count is 0).
struct OraclePoint {
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t report_id = 0;
  int64_t place = 0;
  int64_t count = 0;
  int64_t received_s = 0;
  // Who reported it: the place among the members of the HA set by UDI. Breaks the last ties.
  int32_t member = 0;
  bool suspect = false;
  bool verified = false;
  bool release = false;
  bool end_explained = false;
  bool ended_by_reload = false;

  // When it takes effect.
  int64_t effective_s() const { return suspect ? received_s : end_s; }
  // Order of measurements: end time, report id, place. A release comes after all of its second.
  auto Order() const { return std::make_tuple(end_s, release, report_id, place, member); }
};

// When unverifiable reports count: from each time on, until the next. Before the first they do.
using CountingPolicy = std::map<int64_t, bool>;

class UsageOracle {
 public:
  UsageOracle(std::vector<OraclePoint> points, const CountingPolicy& policy);

  // What is in use from each time on, until the next; 0 before the first. A time for every point and
  // every switch of the policy.
  const std::map<int64_t, int64_t>& figures() const { return figures_; }
  // What is in use at the end of time.
  int64_t InTheEnd() const { return figures_.empty() ? 0 : figures_.rbegin()->second; }
  // The latest measurement whether it counts or not; a suspect only where no other exists, and none
  // that a release has ended. Null without any.
  const OraclePoint* Latest() const;

 private:
  std::vector<OraclePoint> points_;  // by effective time
  std::map<int64_t, int64_t> figures_;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_USAGE_ORACLE_H_
