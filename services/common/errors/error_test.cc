#include "services/common/errors/error.h"

#include <gtest/gtest.h>

namespace quartermaster::errors {
namespace {

const ErrorKind kBusy = RegisterErrorKind({"test.busy", absl::StatusCode::kResourceExhausted, true});
const ErrorKind kAlways = RegisterErrorKind({"test.always", absl::StatusCode::kUnavailable, false});

TEST(Error, CarriesItsKind) {
  const absl::Status status = MakeError(kBusy, "queue: got 9, want 8");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "queue: got 9, want 8");
  EXPECT_EQ(ErrorId(status), "test.busy");
  EXPECT_TRUE(IsRetryable(status));
}

TEST(Error, TheKindsWordOnRetriesBeatsTheCode) { EXPECT_FALSE(IsRetryable(MakeError(kAlways, "gone"))); }

TEST(Error, AStatusWithoutKindIsJudgedByItsCode) {
  EXPECT_EQ(ErrorId(absl::NotFoundError("x")), "internal.not_found");
  EXPECT_TRUE(IsRetryable(absl::UnavailableError("x")));
  EXPECT_TRUE(IsRetryable(absl::AbortedError("x")));
  EXPECT_TRUE(IsRetryable(absl::ResourceExhaustedError("x")));
  EXPECT_TRUE(IsRetryable(absl::DeadlineExceededError("x")));
  EXPECT_FALSE(IsRetryable(absl::InternalError("x")));
  EXPECT_FALSE(IsRetryable(absl::OkStatus()));
}

TEST(Error, SaysHowLongToWait) {
  EXPECT_EQ(RetryDelay(MakeError(kBusy, "full")), absl::ZeroDuration());
  const absl::Status status = WithRetryDelay(MakeError(kBusy, "full"), absl::Milliseconds(250));
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(250));
  EXPECT_EQ(ErrorId(status), "test.busy");
}

TEST(Error, OfAnotherBinaryKeepsItsId) {
  const absl::Status status =
      MakeForeignError(absl::StatusCode::kNotFound, "gone", "later.unknown_here", true);
  EXPECT_EQ(ErrorId(status), "later.unknown_here");
  EXPECT_TRUE(IsRetryable(status));
}

TEST(Error, KindsAreListedById) {
  const std::vector<ErrorKind> kinds = AllErrorKinds();
  ASSERT_EQ(kinds.size(), 2u);
  EXPECT_STREQ(kinds[0].id, "test.always");
  EXPECT_STREQ(kinds[1].id, "test.busy");
}

}  // namespace
}  // namespace quartermaster::errors
