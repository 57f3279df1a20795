// What a position remembers beside its figure, recomputed from all measurements of one consumer and tag:
// the points in their order, since when it was used, when consumption changed, what time is covered.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_ORACLE_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_ORACLE_H_

#include <cstdint>
#include <vector>

#include "services/ledger/fsck/usage_oracle.h"

namespace quartermaster::ledger::fsck {

struct OracleInterval {
  int64_t start_s = 0;
  int64_t end_s = 0;
  bool end_explained = false;
  bool ended_by_reload = false;
  bool operator==(const OracleInterval&) const = default;
};

class TimelineOracle {
 public:
  explicit TimelineOracle(std::vector<OraclePoint> points);

  // By effective time, a second's suspects first and its releases last, then by the order of
  // measurements.
  const std::vector<OraclePoint>& points() const { return points_; }
  // Start of the first measurement with a count, a suspect's when it was received; 0 = none.
  int64_t FirstUse() const;
  // Ends of the unsuspected measurements whose count is not that of the one before, rising.
  std::vector<int64_t> Changes() const;
  // What unsuspected measurements cover, in pieces more than an hour apart, as far back as it is kept.
  std::vector<OracleInterval> Coverage() const;
  bool HasUnverifiable() const;
  // A verified measurement or a release.
  bool HasAlwaysCounting() const;

 private:
  std::vector<OraclePoint> points_;
};

// Whether time is missing between two pieces that no reason explains.
bool HasGap(const std::vector<OracleInterval>& coverage);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_ORACLE_H_
