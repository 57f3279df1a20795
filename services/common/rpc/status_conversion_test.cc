#include "services/common/rpc/status_conversion.h"

#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/common/errors/error.h"

namespace quartermaster::rpc {
namespace {

const errors::ErrorKind kBroken =
    errors::RegisterErrorKind({"test.it_broke", absl::StatusCode::kInvalidArgument, false});
const errors::ErrorKind kBusy =
    errors::RegisterErrorKind({"test.busy", absl::StatusCode::kResourceExhausted, true});

TEST(StatusConversion, OkStaysOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusConversion, AnErrorComesBackWithIdMessageAndRetryability) {
  const absl::Status back = FromGrpc(ToGrpc(errors::MakeError(kBroken, "count: got -1, want 0")));
  EXPECT_EQ(back.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(back.message(), "count: got -1, want 0");
  EXPECT_EQ(errors::ErrorId(back), "test.it_broke");
  EXPECT_FALSE(errors::IsRetryable(back));
}

TEST(StatusConversion, ARetryDelayTravels) {
  const absl::Status busy =
      errors::WithRetryDelay(errors::MakeError(kBusy, "queue full"), absl::Milliseconds(1500));
  const absl::Status back = FromGrpc(ToGrpc(busy));
  EXPECT_TRUE(errors::IsRetryable(back));
  EXPECT_EQ(errors::RetryDelay(back), absl::Milliseconds(1500));
}

TEST(StatusConversion, AKindsOwnWordOnRetriesBeatsTheCode) {
  const errors::ErrorKind never{"test.never", absl::StatusCode::kUnavailable, false};
  EXPECT_FALSE(errors::IsRetryable(FromGrpc(ToGrpc(errors::MakeError(never, "gone for good")))));
}

TEST(StatusConversion, AStatusWithoutIdGetsOneOfItsCode) {
  const absl::Status back = FromGrpc(ToGrpc(absl::UnavailableError("away")));
  EXPECT_EQ(errors::ErrorId(back), "internal.unavailable");
  EXPECT_TRUE(errors::IsRetryable(back));
}

TEST(StatusConversion, OtherPeoplesStatusKeepsCodeAndMessage) {
  const absl::Status back = FromGrpc(grpc::Status(grpc::UNAVAILABLE, "connect failed"));
  EXPECT_EQ(back.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(errors::IsRetryable(back));
  EXPECT_EQ(FromGrpc(grpc::Status(grpc::NOT_FOUND, "x", "\xff not a proto")).message(), "x");
}

TEST(StatusConversion, DetailsAreWhatGoogleRpcSays) {
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(ToGrpc(errors::MakeError(kBusy, "queue full")).error_details()));
  EXPECT_EQ(status.code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.message(), "queue full");
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  ASSERT_EQ(status.details_size(), 2);
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  ASSERT_TRUE(status.details(1).UnpackTo(&retry));
  EXPECT_EQ(info.reason(), "test.busy");
  EXPECT_EQ(info.domain(), "quartermaster");
}

TEST(StatusConversion, MessagesThatAreNotTextOrTooLongStillTravel) {
  const grpc::Status bytes = ToGrpc(errors::MakeError(kBroken, "got \xff\xfe, want text"));
  EXPECT_EQ(bytes.error_message(), "got ??, want text");
  EXPECT_EQ(ToGrpc(errors::MakeError(kBroken, "got \xc3\xa9")).error_message(), "got \xc3\xa9");
  const grpc::Status longer = ToGrpc(errors::MakeError(kBroken, std::string(100000, 'x')));
  EXPECT_EQ(longer.error_message().size(), 2000u);
  EXPECT_EQ(errors::ErrorId(FromGrpc(longer)), "test.it_broke");
}

}  // namespace
}  // namespace quartermaster::rpc
