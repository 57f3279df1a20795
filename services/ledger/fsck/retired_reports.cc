#include "services/ledger/fsck/retired_reports.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/ledger/fsck/opened_report.h"
#include "services/ledger/fsck/stored_timeline.h"

namespace quartermaster::ledger::fsck {
namespace {

// (product instance, report id)
using Key = std::pair<int64_t, int64_t>;

ReportFacts FactsOf(const RetiredReport& report) {
  return {.payload_hash = report.payload_hash,
          .verification = report.verification,
          .received_s = report.received_s};
}

// What a position's row says that each report measured.
class KeptMeasurements {
 public:
  KeptMeasurements(const StoredTimeline& timeline, const std::vector<int64_t>& members) {
    for (const UsagePoint& stored : timeline.points) {
      if (stored.release()) continue;
      points_[{ReporterOf(timeline, members, stored.member), stored.report_id}].push_back(PointOf(stored));
    }
    for (auto& [key, points] : points_) {
      std::sort(points.begin(), points.end(),
                [](const OraclePoint& a, const OraclePoint& b) { return a.place < b.place; });
    }
    for (const auto& [member, report_id] : timeline.silent) {
      silent_.emplace(ReporterOf(timeline, members, member), report_id);
    }
  }

  std::vector<OraclePoint> Of(const Key& key) const {
    const auto found = points_.find(key);
    return found == points_.end() ? std::vector<OraclePoint>() : found->second;
  }
  bool Silent(const Key& key) const { return silent_.contains(key); }

 private:
  std::map<Key, std::vector<OraclePoint>> points_;
  std::set<Key> silent_;
};

}  // namespace

void AddRetired(const PositionRow& row, const std::vector<int64_t>& members, StoredUsage& usage,
                const FindingSink& sink) {
  if (usage.retired.empty()) return;
  const std::optional<StoredTimeline> timeline = DecodeTimeline(row.points, row.chunks);
  // A rule of its own names a timeline that cannot be read.
  if (!timeline.has_value()) return;
  const KeptMeasurements kept(*timeline, members);
  for (const RetiredReport& report : usage.retired) {
    const Key key = {members.at(report.member), report.report_id};
    ReportFacts facts = FactsOf(report);
    facts.points = kept.Of(key);
    facts.silent = kept.Silent(key);
    if (const ReportHash hash = HashOf(facts); hash != report.hash) {
      sink({"opening_report_differs", absl::StrCat("report ", report.name), HexOf(hash), HexOf(report.hash)});
    }
    for (OraclePoint& point : facts.points) {
      point.member = report.member;
      usage.points.push_back(point);
    }
    if (facts.silent) usage.silent.emplace(report.member, report.report_id);
  }
}

bool RetiredMeasured(const StoredUsage& usage) {
  return std::any_of(usage.retired.begin(), usage.retired.end(),
                     [](const RetiredReport& report) { return report.hash != HashOf(FactsOf(report)); });
}

}  // namespace quartermaster::ledger::fsck
