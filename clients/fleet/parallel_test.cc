#include "clients/fleet/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

namespace quartermaster::fleet {
namespace {

TEST(ParallelTest, ResultsAreTakenInOrder) {
  std::string taken;
  std::string want;
  for (int i = 0; i < 200; ++i) want += std::to_string(i) + ",";
  const absl::Status status = InOrder(
      200, [](int64_t piece) -> absl::StatusOr<std::string> { return std::to_string(piece) + ","; },
      [&](const std::string& text) {
        taken += text;
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(taken, want);
}

TEST(ParallelTest, TheFirstErrorEndsTheWork) {
  std::atomic<int> made = 0;
  int taken = 0;
  const absl::Status status = InOrder(
      1000000,
      [&](int64_t piece) -> absl::StatusOr<std::string> {
        ++made;
        if (piece == 5) return absl::InternalError("five");
        return std::string();
      },
      [&](const std::string&) {
        ++taken;
        return absl::OkStatus();
      });
  EXPECT_EQ(status.message(), "five");
  EXPECT_EQ(taken, 5);
  EXPECT_LT(made, 1000);
}

TEST(ParallelTest, NothingToDoIsDone) { EXPECT_TRUE(InOrder(0, nullptr, nullptr).ok()); }

}  // namespace
}  // namespace quartermaster::fleet
