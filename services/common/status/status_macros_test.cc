#include "services/common/status/status_macros.h"

#include <gtest/gtest.h>

#include <memory>

namespace quartermaster {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Make(a));
  ASSIGN_OR_RETURN(const std::unique_ptr<int> second, Make(b));
  return *first + *second;
}

absl::Status Check(int value, int& calls) {
  RETURN_IF_ERROR(Make(value).status());
  ++calls;
  return absl::OkStatus();
}

TEST(StatusMacros, AValueIsMovedOut) { EXPECT_EQ(*Sum(2, 3), 5); }

TEST(StatusMacros, TheFirstErrorReturns) {
  EXPECT_EQ(Sum(2, -3).status(), absl::InvalidArgumentError("negative"));
  int calls = 0;
  EXPECT_FALSE(Check(-1, calls).ok());
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(Check(1, calls).ok());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace quartermaster
