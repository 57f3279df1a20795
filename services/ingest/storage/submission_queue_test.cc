#include "services/ingest/storage/submission_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"

namespace quartermaster::ingest {
namespace {

std::unique_ptr<Submission> SubmissionOf(int reports, size_t body_bytes = 10,
                                         absl::Time deadline = absl::InfiniteFuture()) {
  auto submission = std::make_unique<Submission>();
  submission->reports.resize(reports);
  for (PendingReport& report : submission->reports) report.body.assign(body_bytes, 'x');
  submission->deadline = deadline;
  return submission;
}

absl::Status Push(SubmissionQueue& queue, std::unique_ptr<Submission> submission) {
  return queue.Push(submission);
}

TEST(SubmissionQueueTest, RefusesReportsBeyondTheBoundWithARetryDelay) {
  SubmissionQueue queue({.reports_max = 3});
  ASSERT_TRUE(Push(queue, SubmissionOf(2)).ok());
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  auto refused = SubmissionOf(1);
  const absl::Status status = queue.Push(refused);
  EXPECT_EQ(errors::ErrorId(status), "ingest.queue_full");
  EXPECT_GT(errors::RetryDelay(status), absl::ZeroDuration());
  EXPECT_NE(refused, nullptr) << "the caller keeps what was refused";
  EXPECT_EQ(queue.depth().reports, 3);
}

TEST(SubmissionQueueTest, RefusesBytesBeyondTheBound) {
  SubmissionQueue queue({.bytes_max = 100});
  ASSERT_TRUE(Push(queue, SubmissionOf(1, 60)).ok());
  EXPECT_EQ(errors::ErrorId(Push(queue, SubmissionOf(1, 60))), "ingest.queue_full");
  EXPECT_EQ(queue.depth().bytes, 60);
}

TEST(SubmissionQueueTest, TakesOneLargeSubmissionWhenNothingElseWaits) {
  SubmissionQueue queue({.reports_max = 3, .bytes_max = 10});
  ASSERT_TRUE(Push(queue, SubmissionOf(50)).ok());
  EXPECT_EQ(queue.Take(5, 5).size(), 1u);
  EXPECT_EQ(queue.depth().reports, 0);
  EXPECT_EQ(queue.depth().bytes, 0);
}

TEST(SubmissionQueueTest, TakesWhatIsBoundedElsewhereInAnyCase) {
  SubmissionQueue queue({.reports_max = 1});
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  auto bounded_elsewhere = SubmissionOf(5);
  bounded_elsewhere->always_fits = true;
  EXPECT_TRUE(Push(queue, std::move(bounded_elsewhere)).ok());
  EXPECT_EQ(queue.depth().reports, 6);
}

TEST(SubmissionQueueTest, TakesInOrderUpToTheLimits) {
  SubmissionQueue queue({});
  for (int reports : {1, 2, 3}) ASSERT_TRUE(Push(queue, SubmissionOf(reports)).ok());
  SubmissionQueue::Submissions first = queue.Take(3, 1 << 20);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0]->reports.size(), 1u);
  EXPECT_EQ(first[1]->reports.size(), 2u);
  EXPECT_EQ(queue.Take(1000, 25).size(), 1u);
}

TEST(SubmissionQueueTest, GivesBackWhatIsTooLate) {
  SubmissionQueue queue({});
  ASSERT_TRUE(Push(queue, SubmissionOf(1, 10, absl::FromUnixSeconds(100))).ok());
  ASSERT_TRUE(Push(queue, SubmissionOf(2, 10, absl::FromUnixSeconds(200))).ok());
  SubmissionQueue::Submissions expired = queue.TakeExpired(absl::FromUnixSeconds(150));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0]->reports.size(), 1u);
  EXPECT_EQ(queue.depth().reports, 2);
}

TEST(SubmissionQueueTest, AClosedQueueIsDrainedAndThenEmpty) {
  SubmissionQueue queue({});
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  queue.Close();
  EXPECT_EQ(errors::ErrorId(Push(queue, SubmissionOf(1))), "ingest.stopping");
  EXPECT_EQ(queue.Take(10, 10).size(), 1u);
  EXPECT_TRUE(queue.Take(10, 10).empty());
}

TEST(SubmissionQueueTest, ASecondTakerJoinsWhenManyWaitOrSomeWaitLong) {
  SubmissionQueue queue({});
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  ASSERT_EQ(queue.Take(10, 1000).size(), 1u);
  // The first is busy, and little waits: it must wait a moment.
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  const absl::Time start = absl::Now();
  EXPECT_EQ(queue.Take(10, 1000).size(), 1u);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(5));
  ASSERT_TRUE(Push(queue, SubmissionOf(300)).ok());
  EXPECT_EQ(queue.Take(10, 1000).size(), 1u) << "many wait";
  queue.Release();
  queue.Release();
  queue.Release();
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  EXPECT_EQ(queue.Take(10, 1000).size(), 1u) << "nobody is busy";
}

TEST(SubmissionQueueTest, TakeWaitsForAPush) {
  SubmissionQueue queue({});
  size_t taken = 0;
  std::thread taker([&] { taken = queue.Take(10, 1000).size(); });
  ASSERT_TRUE(Push(queue, SubmissionOf(1)).ok());
  taker.join();
  EXPECT_EQ(taken, 1u);
}

}  // namespace
}  // namespace quartermaster::ingest
