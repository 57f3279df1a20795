#include "services/ingest/api/stream_turns.h"

#include <gtest/gtest.h>

namespace quartermaster::ingest {
namespace {

TEST(StreamTurnsTest, TheCallDoesNotEndWhileAReadIsBeingStarted) {
  StreamTurns turns;
  EXPECT_FALSE(turns.TryFinish());
  turns.ReadStarted();
  turns.ReadDone();
  turns.StepDone();
  ASSERT_TRUE(turns.TryRead());
  EXPECT_FALSE(turns.TryFinish());
  // gRPC may answer a read before StartRead has returned.
  turns.ReadDone();
  turns.StepDone();
  EXPECT_FALSE(turns.TryFinish());
  EXPECT_FALSE(turns.TryRead());
  turns.ReadStarted();
  EXPECT_TRUE(turns.TryFinish());
}

TEST(StreamTurnsTest, AReadThatWaitsForTheClientDoesNotHoldTheEnd) {
  StreamTurns turns;
  turns.ReadStarted();
  EXPECT_TRUE(turns.reading());
  EXPECT_TRUE(turns.TryFinish());
}

TEST(StreamTurnsTest, WritesAndStepsHoldTheEnd) {
  StreamTurns turns;
  turns.ReadStarted();
  ASSERT_TRUE(turns.TryWrite());
  EXPECT_FALSE(turns.TryWrite());
  EXPECT_FALSE(turns.TryFinish());
  turns.WriteDone();
  turns.ReadDone();
  EXPECT_FALSE(turns.TryFinish());
  EXPECT_FALSE(turns.TryStep());
  turns.StepDone();
  ASSERT_TRUE(turns.TryStep());
  EXPECT_FALSE(turns.TryRead());
  turns.StepDone();
  EXPECT_TRUE(turns.TryFinish());
}

TEST(StreamTurnsTest, NothingStartsAfterTheEnd) {
  StreamTurns turns;
  turns.ReadStarted();
  ASSERT_TRUE(turns.TryFinish());
  turns.ReadDone();
  turns.StepDone();
  EXPECT_FALSE(turns.TryRead());
  EXPECT_FALSE(turns.TryStep());
  EXPECT_FALSE(turns.TryWrite());
  EXPECT_FALSE(turns.TryFinish());
}

}  // namespace
}  // namespace quartermaster::ingest
