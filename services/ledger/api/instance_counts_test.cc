#include "services/ledger/api/instance_counts.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/time/clock.h"

namespace quartermaster::ledger {
namespace {

using Counts = InstanceCountsCache::Counts;

class InstanceCountsTest : public ::testing::Test {
 protected:
  // A count that takes `cost` and says how many counts there were.
  int64_t Get(absl::Duration cost, int64_t account = 1) {
    const auto counts = cache_.Get(account, [&] {
      now_ += cost;
      return Counts{{7, {.product_instances = ++counted_, .reporting_overdue = 0}}};
    });
    return counts->at(7).product_instances;
  }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  int64_t counted_ = 0;
  InstanceCountsCache cache_{[this] { return now_; }};
};

TEST_F(InstanceCountsTest, UsesACountForTwentyTimesItsCost) {
  EXPECT_EQ(Get(absl::Seconds(1)), 1);
  now_ += absl::Seconds(19);
  EXPECT_EQ(Get(absl::Seconds(1)), 1);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Get(absl::Seconds(1)), 2);
}

TEST_F(InstanceCountsTest, CountsEveryTimeWhereThatCostsNothing) {
  EXPECT_EQ(Get(absl::ZeroDuration()), 1);
  EXPECT_EQ(Get(absl::ZeroDuration()), 2);
}

TEST_F(InstanceCountsTest, KeepsAccountsApart) {
  EXPECT_EQ(Get(absl::Seconds(1), 1), 1);
  EXPECT_EQ(Get(absl::Seconds(1), 2), 2);
  EXPECT_EQ(Get(absl::Seconds(1), 1), 1);
}

TEST_F(InstanceCountsTest, AnswersTheCountBeforeWhileSomebodyCounts) {
  EXPECT_EQ(Get(absl::Seconds(1)), 1);
  now_ += absl::Hours(1);
  int64_t seen_meanwhile = 0;
  cache_.Get(1, [&] {
    seen_meanwhile = Get(absl::Seconds(1));
    return Counts{};
  });
  EXPECT_EQ(seen_meanwhile, 1);
}

TEST_F(InstanceCountsTest, CountsOnceForAllThatAskWhileThereIsNoCountYet) {
  std::vector<std::thread> others;
  cache_.Get(1, [&] {
    now_ += absl::Seconds(1);
    for (int i = 0; i < 4; ++i) {
      others.emplace_back([&] {
        cache_.Get(1, [&] {
          ADD_FAILURE() << "counted a second time";
          return Counts{};
        });
      });
    }
    absl::SleepFor(absl::Milliseconds(100));
    return Counts{{7, {.product_instances = 1, .reporting_overdue = 0}}};
  });
  for (std::thread& other : others) other.join();
}

TEST_F(InstanceCountsTest, CountsAgainAfterACountThatFailed) {
  EXPECT_THROW(cache_.Get(1, []() -> Counts { throw std::runtime_error("away"); }), std::runtime_error);
  EXPECT_EQ(Get(absl::Seconds(1)), 1);
}

}  // namespace
}  // namespace quartermaster::ledger
