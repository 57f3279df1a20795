#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/gateway/proxy/grpc_listener.h"
#include "services/gateway/testing/front_door.h"

namespace quartermaster::gateway {
namespace {

using ingest::v1::SubmitReportsRequest;
using ingest::v1::SubmitReportsResponse;

// SubmitReports is offered by the same process: it says who called, or keeps the caller waiting until it
// is told to go on.
class GrpcListenerLocalTest : public ::testing::Test {
 protected:
  using Done = std::function<void(const grpc::Status&)>;

  GrpcListenerLocalTest() {
    door_.local_methods.Add<SubmitReportsRequest, SubmitReportsResponse>(
        "/quartermaster.ingest.v1.UsageService/SubmitReports",
        [this](rpc::IncomingCall call, const auto& request, auto& response, Done done) {
          absl::MutexLock lock(&mutex_);
          seen_ = std::move(call);
          response.add_results()->set_message(request.document());
          if (request.document() == "wait") {
            waiting_.push_back(std::move(done));
          } else if (request.document() == "refuse") {
            done(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full"));
          } else {
            // Answers come from threads of the service's own.
            threads_.emplace_back([done = std::move(done)] { done(grpc::Status::OK); });
          }
        });
    Listen(absl::Seconds(30));
  }
  ~GrpcListenerLocalTest() override {
    // A thread may have answered before it stands in the list: who adds it holds the lock until then.
    absl::MutexLock lock(&mutex_);
    for (std::thread& thread : threads_) thread.join();
  }

  void Listen(absl::Duration call_deadline) {
    listener_ = nullptr;
    upstreams_.emplace(
        door_.methods, [this](std::string_view) { return door_.backend.channel(); }, door_.local_methods);
    listener_ = *GrpcListener::Start({.address = "127.0.0.1:0", .tls = door_.tls},
                                     {door_.methods, door_.authenticator, door_.admission, *upstreams_,
                                      door_.journal, door_.reflection, call_deadline});
    usage_ = ingest::v1::UsageService::NewStub(door_.Connect(listener_->port()));
  }

  absl::Status Submit(const std::string& document, grpc::ClientContext& context,
                      SubmitReportsResponse& response) {
    context.AddMetadata("authorization", std::string("Bearer ") + kAdministratorToken);
    SubmitReportsRequest request;
    request.set_document(document);
    return rpc::FromGrpc(usage_->SubmitReports(&context, request, &response));
  }
  absl::Status Submit(const std::string& document) {
    grpc::ClientContext context;
    SubmitReportsResponse response;
    return Submit(document, context, response);
  }
  size_t waiting() {
    absl::MutexLock lock(&mutex_);
    return waiting_.size();
  }
  void AnswerAll() {
    absl::MutexLock lock(&mutex_);
    for (Done& done : std::exchange(waiting_, {})) done(grpc::Status::OK);
  }

  FrontDoor door_;
  std::optional<Upstreams> upstreams_;
  std::unique_ptr<GrpcListener> listener_;
  std::unique_ptr<ingest::v1::UsageService::Stub> usage_;
  absl::Mutex mutex_;
  rpc::IncomingCall seen_;
  std::vector<Done> waiting_;
  std::vector<std::thread> threads_;
};

TEST_F(GrpcListenerLocalTest, TheMethodIsCalledWithoutItsChannelAndLearnsWhoCalls) {
  grpc::ClientContext context;
  context.AddMetadata("x-request-id", "my-request.1");
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  context.set_deadline(absl::ToChronoTime(deadline));
  SubmitReportsResponse response;
  const absl::Status status = Submit("hello", context, response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.results(0).message(), "hello");
  EXPECT_EQ(door_.backend.calls(), 0);
  EXPECT_EQ(seen_.caller.actor, "administrator");
  EXPECT_EQ(seen_.caller.role, "administrator");
  EXPECT_EQ(seen_.caller.smart_account, "corp.example.com");
  EXPECT_EQ(seen_.request_id, "my-request.1");
  // Not to the millisecond: gRPC sends the time that is left, rounded up to a tenth of a second here. Without
  // one of its own it would be 30 s.
  EXPECT_LT(seen_.deadline, deadline + absl::Seconds(5));
  EXPECT_GT(seen_.deadline, deadline - absl::Seconds(5));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Submit("again").ok());
}

TEST_F(GrpcListenerLocalTest, AnErrorComesBackAsItIs) {
  EXPECT_EQ(Submit("refuse").code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(GrpcListenerLocalTest, WhoGivesUpIsLetGoAndTheLateAnswerIsForNobody) {
  grpc::ClientContext context;
  absl::Status status;
  std::thread caller([&] {
    SubmitReportsResponse response;
    status = Submit("wait", context, response);
  });
  while (waiting() == 0) absl::SleepFor(absl::Milliseconds(2));
  context.TryCancel();
  caller.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  const absl::Time before = absl::Now();
  listener_->Stop(before + absl::Seconds(20));
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  AnswerAll();
}

TEST_F(GrpcListenerLocalTest, AMethodThatDoesNotAnswerCostsTheDeadlineOnly) {
  Listen(absl::Milliseconds(200));
  const absl::Time before = absl::Now();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Submit("wait")));
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  AnswerAll();
  EXPECT_TRUE(Submit("and others go on").ok());
}

TEST_F(GrpcListenerLocalTest, ACallersOwnDeadlineIsNotCutShort) {
  Listen(absl::Milliseconds(200));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  absl::Status status;
  std::thread caller([&] {
    SubmitReportsResponse response;
    status = Submit("wait", context, response);
  });
  while (waiting() == 0) absl::SleepFor(absl::Milliseconds(2));
  absl::SleepFor(absl::Milliseconds(500));
  AnswerAll();
  caller.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(GrpcListenerLocalTest, BytesThatAreNoMessageAreTheCallersMistake) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", std::string("Bearer ") + kAdministratorToken);
  const std::string nonsense = "\xff\xff\xff";
  const grpc::Slice slice(nonsense);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::GenericStub stub(door_.Connect(listener_->port()));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto reader =
      stub.PrepareUnaryCall(&context, "/quartermaster.ingest.v1.UsageService/SubmitReports", request, &queue);
  reader->StartCall();
  reader->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  EXPECT_EQ(errors::ErrorId(rpc::FromGrpc(status)), "gateway.request_malformed");
}

TEST_F(GrpcListenerLocalTest, StoppingCutsWhatWaits) {
  absl::Status status;
  std::thread caller([&] { status = Submit("wait"); });
  while (waiting() == 0) absl::SleepFor(absl::Milliseconds(2));
  const absl::Time before = absl::Now();
  listener_->Stop(before + absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  caller.join();
  EXPECT_FALSE(status.ok());
  AnswerAll();
}

}  // namespace
}  // namespace quartermaster::gateway
