// Compares what a position remembers beside its figure (points, coverage, first use, changes, flags) with
// what the reports say.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_CHECKS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_CHECKS_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/ledger/fsck/finding.h"
#include "services/ledger/fsck/stored_timeline.h"
#include "services/ledger/fsck/timeline_oracle.h"
#include "services/ledger/fsck/usage_oracle.h"

namespace quartermaster::ledger::fsck {

// A row of usage_positions with its rows of usage_timeline_chunks.
struct PositionRow {
  int32_t tag_id = 0;
  int64_t virtual_account_id = 0;
  int64_t in_use = 0;
  int64_t latest_end_s = 0;
  int64_t latest_report_id = 0;
  int64_t latest_place = 0;
  int64_t latest_product_instance_id = 0;
  int32_t flags = 0;
  int64_t first_use_s = 0;
  int64_t last_change_s = 0;
  int64_t open_change_s = 0;
  int32_t chunk_count = 0;
  std::string points;
  std::string coverage;
  std::vector<std::string> chunks;
};

// A decoded point as the oracle would have it; only a suspect's receipt is stored.
OraclePoint PointOf(const UsagePoint& stored);

// Product instance ids by the number that a stored point has for who reported it; 0 = nobody. `set`: the HA
// set, by UDI.
int64_t ReporterOf(const StoredTimeline& stored, const std::vector<int64_t>& set, uint64_t member);

// (member, report id) of verified reports that took the place of others and measured nothing that counts.
using SilentReports = std::set<std::pair<int32_t, int64_t>>;

// What the row should say. Everything outlives the call.
struct ExpectedTimeline {
  const TimelineOracle* timeline = nullptr;
  // Null without any measurement.
  const OraclePoint* latest = nullptr;
  // Of the HA set, by UDI: the lead comes first.
  const std::vector<int64_t>* members = nullptr;
  const SilentReports* silent = nullptr;
  const CountingPolicy* policy = nullptr;
};

// Adds each difference to `found`.
void CompareTimeline(const PositionRow& row, const ExpectedTimeline& expected, const std::string& subject,
                     std::vector<Finding>& found);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_TIMELINE_CHECKS_H_
