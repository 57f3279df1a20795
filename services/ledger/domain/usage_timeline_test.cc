#include "services/ledger/domain/usage_timeline.h"

#include <gtest/gtest.h>

namespace quartermaster::ledger {
namespace {

constexpr int64_t kConsumer = 41;
constexpr int64_t kHour = 3600;
const UnverifiablePolicy kCountsAll;

// One report with measurements that follow each other; `received_s` is long after.
struct OwnedReport {
  UsageReport report;
  std::vector<Measurement> measurements;

  UsageReport View() const {
    UsageReport view = report;
    view.measurements = measurements;
    return view;
  }
};

OwnedReport Report(int64_t report_id, std::vector<Measurement> measurements) {
  OwnedReport report;
  report.report.report_id = report_id;
  report.report.received_s = 1'000'000;
  report.measurements = std::move(measurements);
  return report;
}

std::vector<CausedDelta> Apply(UsageTimeline& timeline, const std::vector<OwnedReport>& reports,
                               const UnverifiablePolicy& policy = kCountsAll) {
  std::vector<UsageReport> views;
  for (const OwnedReport& report : reports) views.push_back(report.View());
  return timeline.Apply(views, policy);
}

UsageDelta Delta(int64_t effective_s, int64_t quantity) { return {effective_s, quantity}; }

TEST(UsageTimeline, BooksTheMeasurementsOfTheSampleReport) {
  UsageTimeline timeline(kConsumer);
  const auto deltas =
      Apply(timeline, {Report(1671840750, {{1671880245, 1671966644, 2, 0},
                                           {1671966644, 1672341045, 3, 0},
                                           {1672341045, 1673790212, 3, kEndExplained | kEndedByReload}})});
  EXPECT_EQ(deltas, (std::vector<CausedDelta>{{Delta(1671966644, 2), 0}, {Delta(1672341045, 1), 0}}));
  EXPECT_EQ(timeline.position().in_use, 3);
  EXPECT_EQ(timeline.position().latest_end_s, 1673790212);
  EXPECT_EQ(timeline.position().latest_report_id, 1671840750);
  EXPECT_EQ(timeline.position().latest_place, 2);
  EXPECT_EQ(timeline.position().first_use_s, 1671880245);
  EXPECT_EQ(timeline.position().last_change_s, 1672341045);
  EXPECT_FALSE(timeline.position().has_gap);
}

TEST(UsageTimeline, NamesTheReportThatCausedAMovement) {
  UsageTimeline timeline(kConsumer);
  const auto deltas = Apply(timeline, {Report(1, {{0, kHour, 2, 0}}), Report(2, {{kHour, 2 * kHour, 2, 0}}),
                                       Report(3, {{2 * kHour, 3 * kHour, 7, 0}})});
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].report, 0);
  EXPECT_EQ(deltas[1].report, 2);
}

TEST(UsageTimeline, PostsNothingForARepeatedReport) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 2, 0}})});
  EXPECT_TRUE(Apply(timeline, {Report(1, {{0, kHour, 2, 0}})}).empty());
  EXPECT_EQ(timeline.points().size(), 1u);
}

TEST(UsageTimeline, PostsTheDifferenceWhenAnOldReportArrivesLate) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 2, 0}}), Report(3, {{2 * kHour, 3 * kHour, 2, 0}})});
  EXPECT_EQ(Apply(timeline, {Report(2, {{kHour, 2 * kHour, 5, 0}})}),
            (std::vector<CausedDelta>{{Delta(2 * kHour, 3), 0}, {Delta(3 * kHour, -3), 0}}));
  EXPECT_EQ(timeline.position().in_use, 2);
}

TEST(UsageTimeline, GivesNoPointToWhatIsNotCounted) {
  UsageTimeline timeline(kConsumer);
  EXPECT_TRUE(Apply(timeline, {Report(1, {{0, kHour, 9, kNotCounted}})}).empty());
  EXPECT_TRUE(timeline.points().empty());
  EXPECT_TRUE(timeline.coverage().empty());
}

TEST(UsageTimeline, KeepsThePlaceOfAMeasurementBehindOneThatIsNotCounted) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 9, kNotCounted}, {0, kHour, 2, 0}})});
  EXPECT_EQ(timeline.position().latest_place, 1);
}

TEST(UsageTimeline, FlagsASuspectAndDoesNotCoverItsTime) {
  UsageTimeline timeline(kConsumer);
  EXPECT_EQ(Apply(timeline, {Report(1, {{9'000'000, 9'003'600, 4, kClockSuspect}})}),
            (std::vector<CausedDelta>{{Delta(1'000'000, 4), 0}}));
  EXPECT_TRUE(timeline.position().clock_suspect);
  EXPECT_EQ(timeline.position().latest_end_s, 9'003'600);
  EXPECT_TRUE(timeline.coverage().empty());
  EXPECT_EQ(timeline.position().first_use_s, 1'000'000) << "used since it was received at least";
}

TEST(UsageTimeline, CountsUseSinceTheEpochAsUse) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 1, 0}})});
  Apply(timeline, {Report(2, {{kHour, 2 * kHour, 1, 0}})});
  EXPECT_EQ(timeline.position().first_use_s, 1) << "0 would say never used";
}

TEST(UsageTimeline, KeepsTheFirstChangeAfterTheLastAcknowledgementOpen) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 1, 0}, {kHour, 2 * kHour, 2, 0}})});
  timeline.NoteAcknowledged(0);
  EXPECT_EQ(timeline.position().open_change_s, 2 * kHour);
  Apply(timeline, {Report(2, {{2 * kHour, 3 * kHour, 3, 0}})});
  timeline.NoteAcknowledged(0);
  EXPECT_EQ(timeline.position().open_change_s, 2 * kHour) << "a further change does not move it";
  EXPECT_EQ(timeline.position().last_change_s, 3 * kHour);
  Apply(timeline, {Report(3, {{3 * kHour, 4 * kHour, 3, 0}})});
  timeline.NoteAcknowledged(2 * kHour);
  EXPECT_EQ(timeline.position().open_change_s, 3 * kHour);
  Apply(timeline, {Report(4, {{4 * kHour, 5 * kHour, 3, 0}})});
  timeline.NoteAcknowledged(4 * kHour);
  EXPECT_EQ(timeline.position().open_change_s, 0);
}

TEST(UsageTimeline, DropsTheSuspectForAnUnsuspectedMeasurement) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{9'000'000, 9'003'600, 4, kClockSuspect}})});
  // 1 from the measurement on; at the suspect's time what was posted for it is taken back.
  EXPECT_EQ(Apply(timeline, {Report(2, {{0, 500'000, 1, 0}})}),
            (std::vector<CausedDelta>{{Delta(500'000, 1), 0}, {Delta(1'000'000, -4), 0}}));
  EXPECT_EQ(timeline.position().in_use, 1);
  EXPECT_FALSE(timeline.position().clock_suspect);
}

TEST(UsageTimeline, ReplacesAnUnverifiableReportByAVerifiedOneOfTheSameIdentity) {
  UsageTimeline timeline(kConsumer);
  OwnedReport unverifiable = Report(1, {{0, kHour, 2, 0}, {kHour, 2 * kHour, 9, 0}});
  unverifiable.report.unverifiable = true;
  OwnedReport verified = Report(1, {{0, kHour, 3, 0}});
  verified.report.supersedes = true;
  Apply(timeline, {unverifiable});
  EXPECT_EQ(Apply(timeline, {verified}),
            (std::vector<CausedDelta>{{Delta(kHour, 1), 0}, {Delta(2 * kHour, -7), 0}}));
  EXPECT_EQ(timeline.position().in_use, 3);
  EXPECT_FALSE(timeline.position().has_unverifiable);
  EXPECT_EQ(timeline.coverage().intervals(), (std::vector<Coverage::Interval>{{0, kHour}}));
}

TEST(UsageTimeline, IgnoresAnUnverifiableReportWhoseVerifiedOneIsThere) {
  UsageTimeline timeline(kConsumer);
  OwnedReport unverifiable = Report(1, {{0, kHour, 2, 0}, {kHour, 2 * kHour, 9, 0}});
  unverifiable.report.unverifiable = true;
  Apply(timeline, {Report(1, {{0, kHour, 3, 0}})});
  EXPECT_TRUE(Apply(timeline, {unverifiable}).empty());
  EXPECT_EQ(timeline.position().in_use, 3);
}

TEST(UsageTimeline, ReplacesAnUnverifiableReportByAVerifiedOneThatMeasuredNothingThatCounts) {
  OwnedReport unverifiable = Report(1, {{0, kHour, 2, 0}, {kHour, 2 * kHour, 9, 0}});
  unverifiable.report.unverifiable = true;
  OwnedReport verified = Report(1, {{0, kHour, 3, kNotCounted}});
  verified.report.supersedes = true;
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {unverifiable});
  EXPECT_EQ(Apply(timeline, {verified}),
            (std::vector<CausedDelta>{{Delta(kHour, -2), 0}, {Delta(2 * kHour, -7), 0}}));
  EXPECT_EQ(timeline.position().in_use, 0);
  EXPECT_FALSE(timeline.empty()) << "it remembers the verified one";

  UsageTimeline reversed(kConsumer);
  EXPECT_TRUE(Apply(reversed, {verified}).empty());
  std::string head;
  std::string coverage;
  std::vector<UsageTimeline::Chunk> chunks;
  reversed.Store(head, coverage, chunks);
  UsageTimeline restored(kConsumer);
  ASSERT_TRUE(UsageTimeline::Restore({.consumer_id = kConsumer,
                                      .chunk_count = 0,
                                      .points = head,
                                      .coverage = coverage,
                                      .position = reversed.position()},
                                     restored));
  EXPECT_TRUE(Apply(restored, {unverifiable}).empty());
  EXPECT_EQ(restored.position().in_use, 0);
  EXPECT_EQ(restored.position(), timeline.position());
}

TEST(UsageTimeline, PostsASwitchOfThePolicyFromThenOn) {
  UsageTimeline timeline(kConsumer);
  OwnedReport report = Report(1, {{0, kHour, 2, 0}});
  report.report.unverifiable = true;
  Apply(timeline, {report});
  const UnverifiablePolicy off({{5 * kHour, false}});
  EXPECT_EQ(Apply(timeline, {}, off), (std::vector<CausedDelta>{{Delta(5 * kHour, -2), 0}}));
  EXPECT_TRUE(timeline.position().not_counted);
  EXPECT_TRUE(Apply(timeline, {}, off).empty());
  const UnverifiablePolicy on({{5 * kHour, false}, {6 * kHour, true}});
  EXPECT_EQ(Apply(timeline, {}, on), (std::vector<CausedDelta>{{Delta(6 * kHour, 2), 0}}));
}

TEST(UsageTimeline, ReleasesWhatIsInUse) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, kHour, 2, 0}})});
  EXPECT_EQ(timeline.Release(5 * kHour, kCountsAll), (std::vector<UsageDelta>{Delta(5 * kHour, -2)}));
  EXPECT_EQ(timeline.position().in_use, 0);
  EXPECT_TRUE(timeline.Release(6 * kHour, kCountsAll).empty());
  EXPECT_EQ(Apply(timeline, {Report(2, {{6 * kHour, 7 * kHour, 3, 0}})}),
            (std::vector<CausedDelta>{{Delta(7 * kHour, 3), 0}}));
}

TEST(UsageTimeline, ReleasesAfterAMeasurementThatEndsInTheFuture) {
  UsageTimeline timeline(kConsumer);
  Apply(timeline, {Report(1, {{0, 2 * kHour, 2, 0}})});
  EXPECT_EQ(timeline.Release(kHour, kCountsAll), (std::vector<UsageDelta>{Delta(2 * kHour, -2)}));
  EXPECT_EQ(timeline.position().in_use, 0);
}

TEST(UsageTimeline, MergesAStackIntoOneConsumer) {
  // A+B reports 2 through A; after the switchover B+A reports 2 through B: 2 are in use.
  UsageTimeline a(10);
  UsageTimeline b(20);
  Apply(a, {Report(1, {{0, kHour, 2, 0}})});
  Apply(b, {Report(1, {{2 * kHour, 3 * kHour, 2, 0}})});
  UsageTimeline stack(20);
  ASSERT_TRUE(stack.SetMembers({20, 10}));
  ASSERT_TRUE(stack.Absorb(a));
  ASSERT_TRUE(stack.Absorb(b));
  EXPECT_EQ(stack.Settle(kCountsAll), (UsageSteps{{kHour, 2}}));
  EXPECT_EQ(stack.position().in_use, 2);
  EXPECT_EQ(stack.position().latest_product_instance_id, 20);
  EXPECT_EQ(stack.points().size(), 2u);
}

TEST(UsageTimeline, RefusesMembersThatLackOneItHas) {
  UsageTimeline timeline(10);
  Apply(timeline, {Report(1, {{0, kHour, 2, 0}})});
  EXPECT_FALSE(timeline.SetMembers({20, 30}));
  EXPECT_EQ(timeline.members(), (std::vector<int64_t>{10}));
  UsageTimeline other(40);
  EXPECT_FALSE(other.Absorb(timeline));
  EXPECT_TRUE(other.points().empty());
}

TEST(UsageTimeline, RefusesStoredBytesThatItCannotRead) {
  UsageTimeline timeline(kConsumer);
  UsageTimeline::Stored stored;
  stored.consumer_id = kConsumer;
  EXPECT_FALSE(UsageTimeline::Restore(stored, timeline));
  stored.points = "\x02";
  EXPECT_FALSE(UsageTimeline::Restore(stored, timeline));
  // A point of the sixth member of one.
  stored.points = std::string_view("\x01\x01\x00\x00\x00\x80\x01\x05\x00\x00", 10);
  EXPECT_FALSE(UsageTimeline::Restore(stored, timeline));
}

TEST(UsageTimeline, NeedsOlderChunksOnlyForReportsBehindTheHead) {
  UsageTimeline timeline(kConsumer);
  for (int i = 0; i < 400; ++i) {
    Apply(timeline, {Report(i + 1, {{i * kHour, (i + 1) * kHour, 2u + i % 2, 0}})});
  }
  std::string head;
  std::string coverage;
  std::vector<UsageTimeline::Chunk> chunks;
  timeline.Store(head, coverage, chunks);
  ASSERT_GE(timeline.chunk_count(), 1);
  EXPECT_LE(head.size(), 700u);

  UsageTimeline restored(0);
  ASSERT_TRUE(UsageTimeline::Restore({.consumer_id = kConsumer,
                                      .chunk_count = timeline.chunk_count(),
                                      .points = head,
                                      .coverage = coverage,
                                      .position = timeline.position()},
                                     restored));
  const OwnedReport next = Report(500, {{400 * kHour, 401 * kHour, 9, 0}});
  const OwnedReport recent = Report(501, {{398 * kHour, 399 * kHour - 5, 9, 0}});
  const OwnedReport ancient = Report(502, {{10 * kHour, 11 * kHour - 5, 9, 0}});
  const auto needs = [&](const OwnedReport& report) {
    const UsageReport view = report.View();
    return restored.NeedsChunks({&view, 1}, kCountsAll);
  };
  EXPECT_FALSE(needs(next));
  EXPECT_FALSE(needs(recent));
  EXPECT_TRUE(needs(ancient));
}

}  // namespace
}  // namespace quartermaster::ledger
