#include "services/common/postgres_host/file_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

TEST(FileLockTest, AnExclusiveLockWaitsForTheOther) {
  testing::ScratchDirectory scratch;
  const std::string file = scratch.path() + "/lock";
  auto first = FileLock::Exclusive(file);
  ASSERT_TRUE(first.ok());
  std::atomic<bool> got = false;
  std::thread second([&] {
    EXPECT_TRUE(FileLock::Exclusive(file).ok());
    got = true;
  });
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_FALSE(got);
  first->Release();
  second.join();
  EXPECT_TRUE(got);
}

TEST(FileLockTest, TheLastOfSeveralSharersKnowsThatItIs) {
  testing::ScratchDirectory scratch;
  const std::string file = scratch.path() + "/lock";
  auto first = FileLock::Shared(file);
  auto second = FileLock::Shared(file);
  EXPECT_FALSE(first->TryUpgrade());
  first->Release();
  EXPECT_TRUE(second->TryUpgrade());
}

TEST(FileLockTest, AMovedLockIsHeldOnce) {
  testing::ScratchDirectory scratch;
  const std::string file = scratch.path() + "/lock";
  FileLock kept;
  {
    auto lock = FileLock::Shared(file);
    kept = *std::move(lock);
  }
  EXPECT_TRUE(kept.held());
  kept.Release();
  EXPECT_FALSE(kept.held());
  EXPECT_FALSE(kept.TryUpgrade());
}

TEST(FileLockTest, AFileThatCannotBeMadeIsNamed) {
  const absl::Status status = FileLock::Shared("/nonexistent/lock").status();
  EXPECT_EQ(errors::ErrorId(status), "postgres_host.data_directory_unusable");
  EXPECT_EQ(status.message(), "/nonexistent/lock: cannot open: No such file or directory");
}

}  // namespace
}  // namespace quartermaster::postgres_host
