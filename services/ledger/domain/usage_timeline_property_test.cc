// Whatever the order, repetition and batching of the same reports, the books are the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/ledger/domain/usage_timeline.h"

namespace quartermaster::ledger {
namespace {

// For the messages of a failing property.
std::string Text(const UsagePosition& p) {
  return absl::StrCat("in_use ", p.in_use, " latest ", p.latest_end_s, "/", p.latest_report_id, "/",
                      p.latest_place, "/", p.latest_product_instance_id, " flags ", p.clock_suspect,
                      p.unverifiable, p.not_counted, p.has_gap, p.has_unverifiable, " first_use ",
                      p.first_use_s, " last_change ", p.last_change_s, " open_change ", p.open_change_s);
}

constexpr int64_t kConsumer = 41;
constexpr int64_t kQuarter = 900;
constexpr int64_t kReceived = 400 * kQuarter;
// When the consumer was acknowledged last.
constexpr int64_t kAcknowledged = 120 * kQuarter;
// Small enough that a few dozen points fill several chunks.
constexpr TimelineCut kSmallCut{
    .head_bytes_max = 60, .head_points_kept = 4, .chunk_bytes_max = 40, .grown_chunk_bytes_max = 90};

struct OwnedReport {
  UsageReport report;
  std::vector<Measurement> measurements;
};

Measurement ArbitraryMeasurement() {
  Measurement measurement;
  measurement.start_s = *rc::gen::inRange<int64_t>(1, 300) * kQuarter;
  measurement.end_s = measurement.start_s + *rc::gen::inRange<int64_t>(0, 12) * kQuarter;
  measurement.count = *rc::gen::inRange<uint32_t>(0, 4);
  const int kind = *rc::gen::inRange(0, 16);
  if (kind == 0) measurement.flags |= kNotCounted;
  if (kind == 1) {
    measurement.flags |= kClockSuspect;
    measurement.end_s += 100 * kReceived;
  }
  if (kind >= 12) measurement.flags |= kEndExplained;
  if (kind == 15) measurement.flags |= kEndedByReload;
  return measurement;
}

OwnedReport ArbitraryReport(int64_t report_id, int members) {
  OwnedReport owned;
  owned.report.report_id = report_id;
  owned.report.received_s = *rc::gen::inRange<int64_t>(0, 400) * kQuarter;
  owned.report.member = *rc::gen::inRange<uint16_t>(0, members);
  owned.report.unverifiable = *rc::gen::inRange(0, 3) == 0;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) owned.measurements.push_back(ArbitraryMeasurement());
  return owned;
}

// Reports of a set; some unverifiable ones have a verified one of the same identity beside them.
std::vector<OwnedReport> ArbitraryReports(int members = 1) {
  std::vector<OwnedReport> reports;
  const int count = *rc::gen::inRange(0, 40);
  for (int i = 0; i < count; ++i) {
    reports.push_back(ArbitraryReport(1 + i, members));
    if (!reports.back().report.unverifiable || *rc::gen::inRange(0, 4) > 0) continue;
    OwnedReport verified = ArbitraryReport(1 + i, members);
    verified.report.member = reports.back().report.member;
    verified.report.unverifiable = false;
    verified.report.supersedes = true;
    // Some measure nothing that counts.
    if (*rc::gen::inRange(0, 3) == 0) {
      for (Measurement& measurement : verified.measurements) measurement.flags |= kNotCounted;
    }
    reports.push_back(verified);
  }
  return reports;
}

template <typename T>
void Shuffle(std::vector<T>& items) {
  for (size_t i = 1; i < items.size(); ++i) {
    std::swap(items[i], items[*rc::gen::inRange<size_t>(0, i + 1)]);
  }
}

// A timeline that lives in storage between the batches, as the table does, and sums up what was
// posted for it.
class StoredTimeline {
 public:
  explicit StoredTimeline(std::vector<int64_t> members = {kConsumer}) {
    UsageTimeline timeline(members.front());
    consumer_id_ = members.front();
    RC_ASSERT(timeline.SetMembers(std::move(members)));
    Save(timeline);
  }

  void Apply(const std::vector<OwnedReport>& batch, const UnverifiablePolicy& policy) {
    std::vector<UsageReport> reports;
    for (const OwnedReport& owned : batch) {
      reports.push_back(owned.report);
      reports.back().measurements = owned.measurements;
    }
    UsageTimeline timeline = Load(false);
    if (timeline.NeedsChunks(reports, policy)) timeline = Load(true);
    for (const CausedDelta& caused : timeline.Apply(reports, policy)) {
      RC_ASSERT(caused.delta.quantity != 0);
      posted_[caused.delta.effective_s] += caused.delta.quantity;
    }
    timeline.NoteAcknowledged(kAcknowledged);
    Save(timeline);
  }

  void Release(int64_t now_s, const UnverifiablePolicy& policy) {
    UsageTimeline timeline = Load(true);
    for (const UsageDelta& delta : timeline.Release(now_s, policy)) {
      posted_[delta.effective_s] += delta.quantity;
    }
    RC_ASSERT(timeline.position().in_use == 0);
    Save(timeline);
  }

  UsageTimeline Load(bool with_chunks) const {
    UsageTimeline timeline(consumer_id_);
    RC_ASSERT(UsageTimeline::Restore({.consumer_id = consumer_id_,
                                      .chunk_count = static_cast<int32_t>(chunks_.size()),
                                      .points = head_,
                                      .coverage = coverage_,
                                      .position = position_},
                                     timeline));
    if (with_chunks && !timeline.loaded()) {
      RC_ASSERT(timeline.LoadChunks(std::vector<std::string_view>(chunks_.begin(), chunks_.end())));
    }
    return timeline;
  }

  // What the movements posted so far make of the figure, as steps.
  UsageSteps PostedSteps() const {
    UsageSteps steps;
    int64_t in_use = 0;
    for (const auto& [at_s, quantity] : posted_) {
      if (quantity == 0) continue;
      steps.push_back({at_s, in_use += quantity});
    }
    return steps;
  }

 private:
  void Save(UsageTimeline& timeline) {
    head_.clear();
    coverage_.clear();
    std::vector<UsageTimeline::Chunk> changed;
    timeline.Store(head_, coverage_, changed, kSmallCut);
    chunks_.resize(timeline.chunk_count());
    for (UsageTimeline::Chunk& chunk : changed) chunks_[chunk.number] = chunk.points;
    position_ = timeline.position();
  }

  int64_t consumer_id_ = 0;
  std::string head_;
  std::string coverage_;
  std::vector<std::string> chunks_;
  UsagePosition position_;
  std::map<int64_t, int64_t> posted_;
};

// Delivers the reports in batches of arbitrary size.
void Deliver(const std::vector<OwnedReport>& reports, const UnverifiablePolicy& policy,
             StoredTimeline& timeline) {
  for (size_t begin = 0; begin < reports.size();) {
    const size_t size = *rc::gen::inRange<size_t>(1, 12);
    const size_t end = std::min(reports.size(), begin + size);
    timeline.Apply({reports.begin() + begin, reports.begin() + end}, policy);
    begin = end;
  }
}

void AssertSameBooks(const StoredTimeline& got, const StoredTimeline& want,
                     const UnverifiablePolicy& policy) {
  const UsageTimeline got_timeline = got.Load(true);
  const UsageTimeline want_timeline = want.Load(true);
  RC_ASSERT(std::vector<UsagePoint>(got_timeline.points().begin(), got_timeline.points().end()) ==
            std::vector<UsagePoint>(want_timeline.points().begin(), want_timeline.points().end()));
  RC_ASSERT(got_timeline.coverage() == want_timeline.coverage());
  RC_ASSERT(Text(got_timeline.position()) == Text(want_timeline.position()));
  RC_ASSERT(got.PostedSteps() == want.PostedSteps());
  RC_ASSERT(got.PostedSteps() == StepsOf(got_timeline.points(), policy));
}

// What a timeline says must be what its points say, read from scratch.
void AssertTrueToItsPoints(const StoredTimeline& stored, const UnverifiablePolicy& policy) {
  const UsageTimeline timeline = stored.Load(true);
  UsageTimeline fresh(timeline.members().front());
  RC_ASSERT(fresh.SetMembers(timeline.members()));
  RC_ASSERT(fresh.Absorb(timeline));
  const UsageSteps steps = fresh.Settle(policy);
  fresh.NoteAcknowledged(kAcknowledged);
  RC_ASSERT(steps == stored.PostedSteps());
  RC_ASSERT(Text(fresh.position()) == Text(timeline.position()));
  RC_ASSERT(fresh.coverage() == timeline.coverage());
}

UnverifiablePolicy ArbitraryPolicy() {
  std::vector<PolicySwitch> switches;
  for (int64_t at = *rc::gen::inRange<int64_t>(0, 900); at < 450; at += *rc::gen::inRange<int64_t>(1, 300)) {
    switches.push_back({at * kQuarter, *rc::gen::arbitrary<bool>()});
  }
  return UnverifiablePolicy(switches);
}

RC_GTEST_PROP(UsageTimelineProperty, OrderRepetitionAndBatchingDoNotMatter, ()) {
  const std::vector<OwnedReport> reports = ArbitraryReports();
  const UnverifiablePolicy policy = ArbitraryPolicy();
  StoredTimeline at_once;
  at_once.Apply(reports, policy);
  std::vector<OwnedReport> shuffled = reports;
  shuffled.insert(shuffled.end(), reports.begin(), reports.begin() + reports.size() / 3);
  Shuffle(shuffled);
  StoredTimeline piecemeal;
  Deliver(shuffled, policy, piecemeal);
  AssertSameBooks(piecemeal, at_once, policy);
  AssertTrueToItsPoints(piecemeal, policy);
}

RC_GTEST_PROP(UsageTimelineProperty, DeliveryInOrderGivesTheSameAsInReverse, ()) {
  std::vector<OwnedReport> reports = ArbitraryReports();
  std::stable_sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) {
    return a.measurements.front().end_s < b.measurements.front().end_s;
  });
  StoredTimeline forwards;
  Deliver(reports, {}, forwards);
  std::reverse(reports.begin(), reports.end());
  StoredTimeline backwards;
  Deliver(reports, {}, backwards);
  AssertSameBooks(forwards, backwards, {});
}

RC_GTEST_PROP(UsageTimelineProperty, SwitchesAndReleasesInBetweenKeepTheMovementsTrue, ()) {
  std::vector<OwnedReport> reports = ArbitraryReports();
  Shuffle(reports);
  std::vector<PolicySwitch> switches;
  StoredTimeline timeline;
  int64_t now_s = *rc::gen::inRange<int64_t>(0, 300) * kQuarter;
  for (const OwnedReport& report : reports) {
    now_s += *rc::gen::inRange<int64_t>(1, 20) * kQuarter;
    timeline.Apply({report}, UnverifiablePolicy(switches));
    const int event = *rc::gen::inRange(0, 10);
    if (event == 0) timeline.Release(now_s, UnverifiablePolicy(switches));
    if (event == 1) switches.push_back({now_s, *rc::gen::arbitrary<bool>()});
    // A switch is posted to each position some time later.
    if (event == 2) timeline.Apply({}, UnverifiablePolicy(switches));
  }
  timeline.Apply({}, UnverifiablePolicy(switches));
  AssertTrueToItsPoints(timeline, UnverifiablePolicy(switches));
}

RC_GTEST_PROP(UsageTimelineProperty, MergingConsumersGivesWhatOneConsumerWouldHave, ()) {
  const std::vector<OwnedReport> reports = ArbitraryReports(/*members=*/2);
  const UnverifiablePolicy policy = ArbitraryPolicy();
  StoredTimeline together({10, 20});
  Deliver(reports, policy, together);

  StoredTimeline first({10});
  StoredTimeline second({20});
  for (OwnedReport report : reports) {
    StoredTimeline& own = report.report.member == 0 ? first : second;
    report.report.member = 0;
    own.Apply({report}, policy);
  }
  UsageTimeline merged(10);
  RC_ASSERT(merged.SetMembers({10, 20}));
  RC_ASSERT(merged.Absorb(second.Load(true)));
  RC_ASSERT(merged.Absorb(first.Load(true)));
  RC_ASSERT(merged.Settle(policy) == together.PostedSteps());
  merged.NoteAcknowledged(kAcknowledged);
  RC_ASSERT(Text(merged.position()) == Text(together.Load(true).position()));
  RC_ASSERT(merged.coverage() == together.Load(true).coverage());
}

}  // namespace
}  // namespace quartermaster::ledger
