#include "services/gateway/domain/request_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "services/gateway/domain/failed_attempts.h"

namespace quartermaster::gateway {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

int TakenAt(RequestBudget& budget, int64_t now_ns, int tries) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) taken += budget.Take(now_ns) == absl::ZeroDuration();
  return taken;
}

TEST(RequestBudgetTest, ABurstGoesThroughAndThenTheSteadyRate) {
  RequestBudget budget(10, 20);
  const int64_t start = 5 * kSecondNs;
  EXPECT_EQ(TakenAt(budget, start, 100), 20);
  EXPECT_EQ(TakenAt(budget, start + kSecondNs, 100), 10);
  EXPECT_EQ(TakenAt(budget, start + 60 * kSecondNs, 100), 20);
}

TEST(RequestBudgetTest, ARefusalSaysHowLongToWait) {
  RequestBudget budget(10, 1);
  EXPECT_EQ(budget.Take(kSecondNs), absl::ZeroDuration());
  const absl::Duration wait = budget.Take(kSecondNs);
  EXPECT_EQ(wait, absl::Milliseconds(100));
  EXPECT_EQ(budget.Take(kSecondNs + absl::ToInt64Nanoseconds(wait)), absl::ZeroDuration());
}

TEST(RequestBudgetTest, ThreadsTogetherTakeNoMoreThanTheBudget) {
  RequestBudget budget(1, 1000);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { taken += TakenAt(budget, kSecondNs, 1000); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
}

TEST(FailedAttemptsTest, AnAddressThatGuessesIsStoppedAndOthersAreNot) {
  FailedAttempts attempts;
  for (int i = 0; i < FailedAttempts::kBurst; ++i) {
    EXPECT_EQ(attempts.Begin("10.0.0.1", kSecondNs), absl::ZeroDuration());
  }
  EXPECT_GT(attempts.Begin("10.0.0.1", kSecondNs), absl::ZeroDuration());
  EXPECT_EQ(attempts.Begin("10.0.0.2", kSecondNs), absl::ZeroDuration());
  EXPECT_EQ(attempts.Begin("10.0.0.1", 4 * kSecondNs), absl::ZeroDuration());
}

TEST(FailedAttemptsTest, GoodCredentialsCostNothing) {
  FailedAttempts attempts;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(attempts.Begin("10.0.0.1", kSecondNs), absl::ZeroDuration());
    attempts.Forgive("10.0.0.1");
  }
}

TEST(FailedAttemptsTest, AnIpv6NetworkIsOneAddress) {
  FailedAttempts attempts;
  for (int i = 0; i < FailedAttempts::kBurst; ++i) {
    EXPECT_EQ(attempts.Begin("2001:db8::" + std::to_string(i), kSecondNs), absl::ZeroDuration());
  }
  EXPECT_GT(attempts.Begin("2001:db8::ffff", kSecondNs), absl::ZeroDuration());
  EXPECT_EQ(attempts.Begin("2001:db8:0:1::1", kSecondNs), absl::ZeroDuration());
}

TEST(FailedAttemptsTest, AFloodOfAddressesDoesNotForgiveTheOneThatGuesses) {
  FailedAttempts attempts;
  for (int i = 0; i < FailedAttempts::kBurst; ++i) attempts.Begin("10.0.0.1", kSecondNs);
  for (int i = 0; i < 50'000; ++i) {
    attempts.Begin(std::to_string(i), kSecondNs);
    if (i % 10'000 == 0) EXPECT_GT(attempts.Begin("10.0.0.1", kSecondNs), absl::ZeroDuration()) << i;
  }
  EXPECT_GT(attempts.Begin("10.0.0.1", kSecondNs), absl::ZeroDuration());
}

TEST(FailedAttemptsTest, ManyAddressesTakeBoundedMemory) {
  FailedAttempts attempts;
  for (int i = 0; i < 100'000; ++i) attempts.Begin(std::to_string(i), kSecondNs);
  EXPECT_LE(attempts.addresses(), 16384u);
}

}  // namespace
}  // namespace quartermaster::gateway
