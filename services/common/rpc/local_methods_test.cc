#include "services/common/rpc/local_methods.h"

#include <gtest/gtest.h>

#include <optional>

#include "quartermaster/ingest/v1/ingest.pb.h"

namespace quartermaster::rpc {
namespace {

using ingest::v1::SubmitReportsRequest;
using ingest::v1::SubmitReportsResponse;

constexpr char kPath[] = "/quartermaster.ingest.v1.UsageService/SubmitReports";

grpc::ByteBuffer BytesOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string TextOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

class LocalMethodsTest : public ::testing::Test {
 protected:
  // Answers with what it was asked; "refuse" is refused, "later" is answered by the test.
  LocalMethodsTest() {
    methods_.Add<SubmitReportsRequest, SubmitReportsResponse>(
        kPath, [this](IncomingCall call, const auto& request, auto& response, auto done) {
          seen_ = std::move(call);
          if (request.document() == "refuse") {
            return done(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "refused"));
          }
          response.add_results()->set_message(request.document());
          if (request.document() == "later") {
            later_ = std::move(done);
          } else {
            done(grpc::Status::OK);
          }
        });
  }

  struct Answered {
    grpc::Status status;
    SubmitReportsResponse response;
  };
  void Call(const std::string& request_bytes) {
    answered_.reset();
    (*methods_.Find(kPath))({{.actor = "me"}, "request-1", absl::UnixEpoch()}, BytesOf(request_bytes),
                            [this](const grpc::Status& status, const grpc::ByteBuffer& response) {
                              answered_.emplace();
                              answered_->status = status;
                              if (status.ok()) answered_->response.ParseFromString(TextOf(response));
                            });
  }
  void Submit(const std::string& document) {
    SubmitReportsRequest request;
    request.set_document(document);
    Call(request.SerializeAsString());
  }
  double Calls(const std::string& code) {
    std::string text = registry_.Exposition();
    const std::string series =
        "quartermaster_rpc_calls_total{code=\"" + code + "\",listener=\"local\",method=\"" + kPath + "\"} ";
    const size_t at = text.find(series);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + series.size()));
  }

  metrics::Registry registry_;
  LocalMethods methods_{&registry_, false};
  IncomingCall seen_;
  std::function<void(const grpc::Status&)> later_;
  std::optional<Answered> answered_;
};

TEST_F(LocalMethodsTest, BytesInBytesOutAndTheHandlerKnowsWhoCalls) {
  Submit("hello");
  ASSERT_TRUE(answered_.has_value());
  EXPECT_TRUE(answered_->status.ok());
  EXPECT_EQ(answered_->response.results(0).message(), "hello");
  EXPECT_EQ(seen_.caller.actor, "me");
  EXPECT_EQ(seen_.request_id, "request-1");
  EXPECT_EQ(Calls("ok"), 1);
}

TEST_F(LocalMethodsTest, AnErrorComesBackWithoutBytes) {
  Submit("refuse");
  ASSERT_TRUE(answered_.has_value());
  EXPECT_EQ(answered_->status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Calls("invalid_argument"), 1);
}

TEST_F(LocalMethodsTest, AnAnswerMayComeLater) {
  Submit("later");
  EXPECT_FALSE(answered_.has_value());
  later_(grpc::Status::OK);
  ASSERT_TRUE(answered_.has_value());
  EXPECT_EQ(answered_->response.results(0).message(), "later");
}

TEST_F(LocalMethodsTest, BytesThatAreNoMessageAreRefusedAsGrpcRefusesThem) {
  Call("\xff\xff\xff");
  ASSERT_TRUE(answered_.has_value());
  EXPECT_EQ(answered_->status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(LocalMethodsTest, WhatIsNotOfferedIsNotFound) {
  EXPECT_EQ(methods_.Find("/quartermaster.ingest.v1.UsageService/ListReports"), nullptr);
}

}  // namespace
}  // namespace quartermaster::rpc
