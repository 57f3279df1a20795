#include "services/ledger/fsck/timeline_checks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/coverage.h"
#include "services/ledger/domain/usage_point.h"

namespace quartermaster::ledger::fsck {
namespace {

// Bits of usage_positions.flags, as db/migrations names them. 32 depends on the order of arrival.
struct FlagName {
  int32_t flag;
  const char* name;
};
constexpr FlagName kFlagNames[] = {{1, "clock suspect"},
                                   {2, "unverifiable"},
                                   {4, "not counted"},
                                   {8, "has a gap"},
                                   {16, "has unverifiable measurements"}};
constexpr int32_t kSuspectArrived = 32;

std::string DescribeFlags(int32_t flags) {
  std::string text;
  for (const FlagName& known : kFlagNames) {
    if (flags & known.flag) absl::StrAppend(&text, text.empty() ? "" : ", ", known.name);
    flags &= ~known.flag;
  }
  if (flags != 0) absl::StrAppend(&text, text.empty() ? "" : ", ", "unknown bits ", flags);
  return text.empty() ? "none" : text;
}

std::string Describe(const OracleInterval& piece) {
  return absl::StrCat("[", piece.start_s, ", ", piece.end_s, "]", piece.end_explained ? " explained" : "",
                      piece.ended_by_reload ? " restart" : "");
}

std::string Describe(const OraclePoint& point, int64_t reporter) {
  if (point.release) return absl::StrCat("release at ", point.end_s);
  return absl::StrCat(Describe({point.start_s, point.end_s, point.end_explained, point.ended_by_reload}),
                      " effective ", point.effective_s(), " report ", point.report_id, " place ", point.place,
                      " count ", point.count, " of product instance ", reporter,
                      point.suspect ? " suspect" : "", point.verified ? "" : " unverifiable");
}

bool Same(const OraclePoint& a, const OraclePoint& b) {
  const auto key = [](const OraclePoint& point) {
    return std::make_tuple(point.effective_s(), point.start_s, point.end_s, point.report_id, point.place,
                           point.count, point.suspect, point.release || point.verified, point.release,
                           point.end_explained, point.ended_by_reload);
  };
  return key(a) == key(b);
}

class Comparison {
 public:
  Comparison(const PositionRow& row, const ExpectedTimeline& expected, const std::string& subject,
             std::vector<Finding>& found)
      : row_(row),
        expected_(expected),
        subject_(subject),
        found_(found),
        coverage_(expected.timeline->Coverage()),
        changes_(expected.timeline->Changes()) {}

  void Run() {
    CompareCoverage();
    CompareFlags();
    CompareTimes();
    ComparePoints();
  }

 private:
  void Differs(Finding finding) { found_.push_back(std::move(finding)); }

  void CompareCoverage() {
    Coverage stored;
    if (!Coverage::Unpack(row_.coverage, stored)) {
      Differs({"position_coverage_differs", subject_, "unreadable",
               absl::StrCat(coverage_.size(), " covered pieces")});
      return;
    }
    std::vector<OracleInterval> got;
    for (const Coverage::Interval& piece : stored.intervals()) {
      got.push_back({piece.start_s, piece.end_s, piece.end_explained, piece.ended_by_reload});
    }
    if (got == coverage_) return;
    size_t at = 0;
    while (at < got.size() && at < coverage_.size() && got[at] == coverage_[at]) ++at;
    Differs({"position_coverage_differs", absl::StrCat(subject_, " covered piece ", at),
             at < got.size() ? Describe(got[at]) : "none",
             at < coverage_.size() ? Describe(coverage_[at]) : "none"});
  }

  void CompareFlags() {
    const OraclePoint* latest = expected_.latest;
    const bool unverifiable = latest != nullptr && !latest->verified && !latest->release;
    const bool counts_now = expected_.policy->empty() || expected_.policy->rbegin()->second;
    const bool wanted[] = {latest != nullptr && latest->suspect, unverifiable, unverifiable && !counts_now,
                           HasGap(coverage_), expected_.timeline->HasUnverifiable()};
    int32_t want = 0;
    for (size_t i = 0; i < std::size(wanted); ++i) want |= wanted[i] ? kFlagNames[i].flag : 0;
    const int32_t got = row_.flags & ~kSuspectArrived;
    if (got != want) Differs({"position_flags_differ", subject_, DescribeFlags(got), DescribeFlags(want)});
  }

  void CompareTimes() {
    if (const int64_t want = expected_.timeline->FirstUse(); row_.first_use_s != want) {
      Differs({"position_first_use_differs", subject_, absl::StrCat(row_.first_use_s), absl::StrCat(want)});
    }
    const int64_t last_change_s = changes_.empty() ? 0 : changes_.back();
    if (row_.last_change_s != last_change_s) {
      Differs({"position_last_change_differs", subject_, absl::StrCat(row_.last_change_s),
               absl::StrCat(last_change_s)});
    }
    if (row_.open_change_s != 0 &&
        !std::binary_search(changes_.begin(), changes_.end(), row_.open_change_s)) {
      Differs({"position_open_change_differs", subject_, absl::StrCat(row_.open_change_s),
               "when consumption changed"});
    }
  }

  void ComparePoints() {
    const auto stored = DecodeTimeline(row_.points, row_.chunks);
    if (!stored.has_value() || std::ssize(row_.chunks) != row_.chunk_count) {
      PointsDiffer("", absl::StrCat(row_.chunks.size(), " chunks", stored.has_value() ? "" : ", unreadable"),
                   absl::StrCat(row_.chunk_count, " chunks, readable"));
      return;
    }
    CompareEachPoint(*stored);
    CompareMembers(*stored);
    CompareSilent(*stored);
    const int traits =
        (expected_.timeline->HasAlwaysCounting() ? 1 : 0) | (expected_.timeline->HasUnverifiable() ? 2 : 0);
    if (stored->traits != traits) {
      PointsDiffer(" traits", absl::StrCat(int{stored->traits}), absl::StrCat(traits));
    }
    CompareSwitches(stored->switches_posted);
  }

  void PointsDiffer(std::string_view what, std::string got, std::string want) {
    Differs({"position_points_differ", absl::StrCat(subject_, std::string(what)), std::move(got),
             std::move(want)});
  }

  void CompareEachPoint(const StoredTimeline& stored) {
    const std::vector<OraclePoint>& want = expected_.timeline->points();
    for (size_t i = 0; i < std::max(want.size(), stored.points.size()); ++i) {
      std::optional<OraclePoint> got;
      int64_t reporter = 0;
      if (i < stored.points.size()) {
        got = PointOf(stored.points[i]);
        reporter = ReporterOf(stored, *expected_.members, stored.points[i].member);
      }
      const int64_t want_reporter = i < want.size() ? expected_.members->at(want[i].member) : 0;
      if (got.has_value() && i < want.size() && Same(*got, want[i]) && reporter == want_reporter) continue;
      PointsDiffer(absl::StrCat(" point ", i), got.has_value() ? Describe(*got, reporter) : "none",
                   i < want.size() ? Describe(want[i], want_reporter) : "none");
      return;
    }
  }

  // A consumer's timeline learns of the whole HA set at once.
  void CompareMembers(const StoredTimeline& stored) {
    if (stored.members.empty() || stored.members == *expected_.members) return;
    PointsDiffer(" members", absl::StrCat(stored.members.size(), " members"),
                 absl::StrCat(expected_.members->size(), " members of the HA set by UDI"));
  }

  void CompareSilent(const StoredTimeline& stored) {
    std::set<std::pair<int64_t, int64_t>> got, want;
    for (const auto& [member, report_id] : stored.silent)
      got.emplace(ReporterOf(stored, *expected_.members, member), report_id);
    for (const auto& [member, report_id] : *expected_.silent) {
      want.emplace(expected_.members->at(member), report_id);
    }
    if (got == want) return;
    PointsDiffer(" reports that measured nothing", absl::StrCat(got.size()), absl::StrCat(want.size()));
  }

  // Positions without unverifiable measurements need not hear of a switch.
  void CompareSwitches(uint64_t got) {
    const uint64_t want = expected_.policy->size();
    if (got == want || (got < want && !expected_.timeline->HasUnverifiable())) return;
    PointsDiffer(" switches of the policy", absl::StrCat(got), absl::StrCat(want));
  }

  const PositionRow& row_;
  const ExpectedTimeline& expected_;
  const std::string& subject_;
  std::vector<Finding>& found_;
  const std::vector<OracleInterval> coverage_;
  const std::vector<int64_t> changes_;
};

}  // namespace

OraclePoint PointOf(const UsagePoint& stored) {
  OraclePoint point;
  point.start_s = stored.start_s;
  point.end_s = stored.end_s;
  point.report_id = stored.report_id;
  point.place = stored.place;
  point.count = stored.count;
  point.received_s = stored.effective_s;
  point.suspect = stored.suspect();
  point.verified = stored.always_counts();
  point.release = stored.release();
  point.end_explained = stored.is(kPointEndExplained);
  point.ended_by_reload = stored.is(kPointEndedByReload);
  return point;
}

int64_t ReporterOf(const StoredTimeline& stored, const std::vector<int64_t>& set, uint64_t member) {
  if (stored.members.empty()) return member == 0 ? set.front() : 0;
  return member < stored.members.size() ? stored.members[member] : 0;
}

void CompareTimeline(const PositionRow& row, const ExpectedTimeline& expected, const std::string& subject,
                     std::vector<Finding>& found) {
  Comparison(row, expected, subject, found).Run();
}

}  // namespace quartermaster::ledger::fsck
