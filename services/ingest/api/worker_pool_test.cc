#include "services/ingest/api/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace quartermaster::ingest {
namespace {

TEST(WorkerPoolTest, RunsEverythingBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(pool.TrySchedule([&] { ++ran; }, 1000));
      pool.Schedule([&] { ++ran; });
    }
  }
  EXPECT_EQ(ran, 200);
}

TEST(WorkerPoolTest, RefusesMoreThanItsBound) {
  std::promise<void> blocked, release;
  WorkerPool pool(1);
  pool.Schedule([&] {
    blocked.set_value();
    release.get_future().wait();
  });
  blocked.get_future().wait();
  EXPECT_TRUE(pool.TrySchedule([] {}, 2));
  EXPECT_TRUE(pool.TrySchedule([] {}, 2));
  EXPECT_FALSE(pool.TrySchedule([] {}, 2));
  release.set_value();
}

}  // namespace
}  // namespace quartermaster::ingest
