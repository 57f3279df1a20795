#include "services/gateway/proxy/grpc_listener.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/ingest/v1/ingest.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/lifecycle/resident_bytes.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/eventually.h"
#include "services/gateway/domain/method_access.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/testing/front_door.h"

namespace quartermaster::gateway {
namespace {

using ingest::v1::ImportUsageRequest;
using ingest::v1::ImportUsageResponse;
using ingest::v1::SubmitReportsRequest;
using ingest::v1::SubmitReportsResponse;

void Authorize(grpc::ClientContext& context, const std::string& token) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
}

class GrpcListenerTest : public ::testing::Test {
 protected:
  void SetUp() override { Listen(); }

  void Listen() {
    auto started = GrpcListener::Start({.address = "127.0.0.1:0",
                                        .tls = door_.tls,
                                        .message_bytes_max = 4 << 20,
                                        .tls_refresh = absl::Seconds(1)},
                                       door_.surroundings());
    ASSERT_TRUE(started.ok()) << started.status();
    listener_ = *std::move(started);
    channel_ = door_.Connect(listener_->port());
    usage_ = ingest::v1::UsageService::NewStub(channel_);
  }

  struct Answered {
    absl::Status status;
    SubmitReportsResponse response;
    std::string id() const { return status.ok() ? "ok" : errors::ErrorId(status); }
  };
  Answered Submit(const std::string& document, const std::string& token = kAdministratorToken) {
    grpc::ClientContext context;
    Authorize(context, token);
    return Submit(document, context);
  }
  Answered Submit(const std::string& document, grpc::ClientContext& context) {
    SubmitReportsRequest request;
    request.set_document(document);
    Answered answered;
    answered.status = rpc::FromGrpc(usage_->SubmitReports(&context, request, &answered.response));
    return answered;
  }

  // Calls any method, streaming or not, with one empty message.
  absl::Status CallRaw(const std::string& path, const std::string& token) {
    grpc::ClientContext context;
    Authorize(context, token);
    grpc::CompletionQueue queue;
    const auto wait = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const grpc::Slice nothing;
    grpc::ByteBuffer message(&nothing, 1);
    const auto call = grpc::GenericStub(channel_).PrepareCall(&context, path, &queue);
    call->StartCall(nullptr);
    if (wait()) {
      call->WriteLast(message, grpc::WriteOptions(), nullptr);
      wait();
      do {
        call->Read(&message, nullptr);
      } while (wait());
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    wait();
    return rpc::FromGrpc(status);
  }

  FrontDoor door_;
  std::unique_ptr<GrpcListener> listener_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<ingest::v1::UsageService::Stub> usage_;
};

TEST_F(GrpcListenerTest, AUnaryCallReachesItsServiceAndItsAnswerComesBack) {
  const auto answered = Submit("hello");
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_EQ(answered.response.poll_id(), 5);
  EXPECT_EQ(answered.response.results(0).message(), "||hello");
}

TEST_F(GrpcListenerTest, TheServiceLearnsWhoCallsInWhichRequest) {
  grpc::ClientContext context;
  Authorize(context, kAdministratorToken);
  context.AddMetadata("x-request-id", "my-request.1");
  ASSERT_TRUE(Submit("x", context).status.ok());
  const SeenCall seen = door_.backend.last_call();
  EXPECT_EQ(seen.Value("x-qm-actor-bin"), "administrator");
  EXPECT_EQ(seen.Value("x-qm-role"), "administrator");
  EXPECT_EQ(seen.Value("x-qm-smart-account-bin"), "corp.example.com");
  EXPECT_EQ(seen.Value("x-request-id"), "my-request.1");
  const auto& echoed = context.GetServerInitialMetadata();
  ASSERT_EQ(echoed.count("x-request-id"), 1u);
  EXPECT_EQ(echoed.find("x-request-id")->second, "my-request.1");
}

TEST_F(GrpcListenerTest, MetadataThatLooksLikeOursCannotBeSmuggledIn) {
  grpc::ClientContext context;
  Authorize(context, kDeviceToken);
  for (const char* key : {"x-qm-actor-bin", "x-qm-role", "x-qm-smart-account-bin", "x-qm-anything",
                          "x-forwarded-for", "cookie"}) {
    context.AddMetadata(key, "administrator");
  }
  context.AddMetadata("x-request-id", "not a valid id");
  ASSERT_TRUE(Submit("x", context).status.ok());
  const SeenCall seen = door_.backend.last_call();
  EXPECT_EQ(seen.Count("x-qm-actor-bin"), 1u);
  EXPECT_EQ(seen.Value("x-qm-actor-bin"), "device");
  EXPECT_EQ(seen.Value("x-qm-role"), "device");
  for (const char* key :
       {"x-qm-smart-account-bin", "x-qm-anything", "x-forwarded-for", "cookie", "authorization"}) {
    EXPECT_EQ(seen.Count(key), 0u) << key;
  }
  EXPECT_EQ(seen.Value("x-request-id").size(), 16u);
}

TEST_F(GrpcListenerTest, EveryMethodIsRefusedWithoutACredentialAndOpenToItsRolesOnly) {
  for (const Method& method : door_.methods.methods()) {
    for (const char* bad :
         {"", "administrator.wrong", "nobody.right-secret", "revoked.right-secret", "administrator"}) {
      EXPECT_TRUE(absl::IsUnauthenticated(CallRaw(method.path, bad))) << method.path << " " << bad;
    }
    for (const auto& [token, role] :
         {std::pair(kAdministratorToken, Role::kAdministrator), std::pair(kDeviceToken, Role::kDevice)}) {
      const int64_t before = door_.backend.calls();
      const absl::Status status = CallRaw(method.path, token);
      EXPECT_EQ(absl::IsPermissionDenied(status), !Allows(method.roles, role))
          << method.path << " " << token << " " << status;
      EXPECT_EQ(door_.backend.calls() - before, Allows(method.roles, role) ? 1 : 0) << method.path;
    }
  }
}

TEST_F(GrpcListenerTest, MethodsThatAreUnknownOrInternalAreNotThereForAnybody) {
  std::vector<std::string> paths = {"/a.b/C", "/", "/quartermaster.ingest.v1.UsageService/Nothing"};
  const size_t others = paths.size();
  for (const MethodAccess& method : MethodAccessTable()) {
    if (method.roles == kInternal) paths.push_back("/" + std::string(method.method));
  }
  ASSERT_GT(paths.size(), others);
  for (const std::string& path : paths) {
    EXPECT_EQ(errors::ErrorId(CallRaw(path, kAdministratorToken)), "gateway.method_unknown") << path;
    EXPECT_EQ(errors::ErrorId(CallRaw(path, kDeviceToken)), "gateway.method_unknown") << path;
    EXPECT_TRUE(absl::IsUnauthenticated(CallRaw(path, ""))) << path;
  }
}

TEST_F(GrpcListenerTest, ACallWhoseMessageDoesNotComeEnds) {
  ProxySurroundings impatient = door_.surroundings();
  impatient.message_time_max = absl::Milliseconds(200);
  const auto listener =
      *GrpcListener::Start({.address = "127.0.0.1:0", .tls = door_.tls}, std::move(impatient));
  const auto channel = door_.Connect(listener->port());
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  Authorize(context, kDeviceToken);
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
  };
  const auto call = stub.PrepareCall(&context, "/quartermaster.ingest.v1.UsageService/SubmitReports", &queue);
  call->StartCall(nullptr);
  wait();
  const absl::Time before = absl::Now();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  EXPECT_FALSE(status.ok());
  // Calls whose message comes are not touched by it.
  const auto usage = ingest::v1::UsageService::NewStub(channel);
  grpc::ClientContext good;
  Authorize(good, kDeviceToken);
  SubmitReportsRequest request;
  SubmitReportsResponse response;
  EXPECT_TRUE(usage->SubmitReports(&good, request, &response).ok());
}

TEST_F(GrpcListenerTest, ErrorsFromBehindKeepTheirIdAndDelay) {
  const auto failed = Submit("fail");
  EXPECT_EQ(failed.id(), "toy.failure");
  EXPECT_TRUE(absl::IsFailedPrecondition(failed.status));
  const auto busy = Submit("busy");
  EXPECT_EQ(busy.id(), "toy.busy");
  EXPECT_EQ(errors::RetryDelay(busy.status), absl::Seconds(7));
  const auto vanished = Submit("vanish");
  EXPECT_EQ(vanished.id(), "gateway.service_unavailable");
  EXPECT_TRUE(errors::IsRetryable(vanished.status));
}

TEST_F(GrpcListenerTest, TheDeadlineIsHandedOnALittleEarlier) {
  // What travels is the time that is left, so the way there counts as time gained: the shortest of several.
  absl::Duration earlier = -absl::InfiniteDuration();
  for (int i = 0; i < 100 && earlier <= absl::ZeroDuration(); ++i) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", std::string("Bearer ") + kAdministratorToken);
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    context.set_deadline(absl::ToChronoTime(deadline));
    ASSERT_TRUE(Submit("x", context).status.ok());
    earlier = std::max(earlier, deadline - door_.backend.last_call().deadline);
  }
  EXPECT_GT(earlier, absl::ZeroDuration());
  EXPECT_LT(earlier, absl::Milliseconds(100));
}

TEST_F(GrpcListenerTest, ACallThatIsCancelledIsCancelledBehindToo) {
  grpc::ClientContext context;
  Authorize(context, kAdministratorToken);
  std::thread canceller([&] {
    while (door_.backend.calls() == 0) absl::SleepFor(absl::Milliseconds(5));
    context.TryCancel();
  });
  EXPECT_TRUE(absl::IsCancelled(Submit("wait", context).status));
  canceller.join();
  EXPECT_TRUE(testing::Eventually([&] { return door_.backend.cancelled() == 1; }));
}

TEST_F(GrpcListenerTest, AMessageThatIsTooLargeIsRefusedBeforeItIsForwarded) {
  EXPECT_TRUE(Submit(std::string(4 << 20, 'x')).status.ok());
  const int64_t before = door_.backend.calls();
  EXPECT_TRUE(absl::IsResourceExhausted(Submit(std::string(5 << 20, 'x')).status));
  EXPECT_EQ(door_.backend.calls(), before);
}

TEST_F(GrpcListenerTest, AStreamGoesBothWaysAtOnceAndEndsWithTheServicesStatus) {
  grpc::ClientContext context;
  Authorize(context, kAdministratorToken);
  auto stream = usage_->ImportUsage(&context);
  ImportUsageRequest request;
  ImportUsageResponse response;
  request.mutable_start()->set_smart_account("a");
  ASSERT_TRUE(stream->Write(request));
  for (int i = 1; i <= 50; ++i) {
    request.set_chunk(std::string(100'000, 'x'));
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.progress().bytes_done(), i * 100'000);
  }
  stream->WritesDone();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.summary().totals().bytes_done(), 5'000'000);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcListenerTest, AServiceThatEndsAStreamEarlyIsHeardWhileTheClientStillSends) {
  grpc::ClientContext context;
  Authorize(context, kAdministratorToken);
  auto stream = usage_->ImportUsage(&context);
  ImportUsageRequest request;
  request.set_chunk("quit");
  stream->Write(request);
  request.set_chunk(std::string(1 << 20, 'x'));
  for (int i = 0; i < 200 && stream->Write(request); ++i) {
  }
  ImportUsageResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(errors::ErrorId(rpc::FromGrpc(stream->Finish())), "toy.failure");
}

TEST_F(GrpcListenerTest, ASlowServiceSlowsTheClientDownAndMemoryStaysConstant) {
  door_.backend.slow = true;
  grpc::ClientContext context;
  Authorize(context, kAdministratorToken);
  auto stream = usage_->ImportUsage(&context);
  std::thread reader([&] {
    ImportUsageResponse response;
    while (stream->Read(&response)) {
    }
  });
  ImportUsageRequest request;
  request.set_chunk(std::string(1 << 20, 'x'));
  int64_t sent = 0;
  const int64_t before = ResidentBytes();
  const absl::Time stop = absl::Now() + absl::Seconds(3);
  while (absl::Now() < stop && stream->Write(request)) sent += 1 << 20;
  // What lies between is bounded by windows and buffers, not by how long it goes on.
  EXPECT_LT(sent - door_.backend.bytes_imported(), 48 << 20);
  EXPECT_GT(door_.backend.bytes_imported(), 0);
  EXPECT_LT(ResidentBytes() - before, 64 << 20);
  context.TryCancel();
  reader.join();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(testing::Eventually([&] { return door_.backend.cancelled() == 1; }));
}

TEST_F(GrpcListenerTest, ARevokedClientIsOutWithinSeconds) {
  ASSERT_TRUE(Submit("x").status.ok());
  door_.clients.Revoke("administrator");
  std::string id;
  EXPECT_TRUE(testing::Eventually([&] { return (id = Submit("x").id()) != "ok"; }));
  EXPECT_EQ(id, "gateway.unauthenticated");
  EXPECT_EQ(Submit("x", kDeviceToken).id(), "ok");
}

TEST_F(GrpcListenerTest, ManyCallsAtOnceAllGetTheirOwnAnswers) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string document = absl::StrCat("d", t, "-", i);
        const auto answered = Submit(document, t % 2 == 0 ? kAdministratorToken : kDeviceToken);
        right +=
            answered.status.ok() && answered.response.results(0).message() == absl::StrCat("||", document);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 1600);
}

TEST_F(GrpcListenerTest, HealthNeedsNoCredential) {
  grpc::GenericStub stub(channel_);
  listener_->SetServing("", true);
  EXPECT_TRUE(CallRaw("/grpc.health.v1.Health/Check", "").ok());
}

TEST_F(GrpcListenerTest, ACertificateThatWasReplacedIsShownToNewConnections) {
  const auto before = Submit("x");
  ASSERT_TRUE(before.status.ok());
  // Somebody else's CA: clients that trust the new one only get in once the listener shows it.
  std::filesystem::rename(door_.directory + "/tls", door_.directory + "/old");
  door_.tls = *EnsureServerIdentity(door_.identity, absl::Now());
  absl::Status status = absl::UnavailableError("not tried");
  EXPECT_TRUE(testing::Eventually([&] {
    channel_ = door_.Connect(listener_->port());
    usage_ = ingest::v1::UsageService::NewStub(channel_);
    status = Submit("x").status;
    return status.ok();
  })) << status;
}

TEST_F(GrpcListenerTest, StoppingLetsCallsEndAndCutsThoseThatDoNot) {
  Answered waiting;
  std::thread caller([&] { waiting = Submit("wait"); });
  while (door_.backend.calls() == 0) absl::SleepFor(absl::Milliseconds(5));
  const absl::Time before = absl::Now();
  listener_->Stop(before + absl::Milliseconds(300));
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  caller.join();
  EXPECT_FALSE(waiting.status.ok());
}

TEST_F(GrpcListenerTest, AnAddressInUseIsAPreciseError) {
  const auto second = GrpcListener::Start(
      {.address = absl::StrCat("127.0.0.1:", listener_->port()), .tls = door_.tls}, door_.surroundings());
  EXPECT_EQ(errors::ErrorId(second.status()), "gateway.listen_failed");
}

TEST(GrpcListenerLimitsTest, AClientThatCallsTooOftenIsToldWhenToComeBack) {
  FrontDoor door(/*calls_per_second_per_client=*/1);
  auto listener = *GrpcListener::Start({.address = "127.0.0.1:0", .tls = door.tls}, door.surroundings());
  auto usage = ingest::v1::UsageService::NewStub(door.Connect(listener->port()));
  absl::Status last;
  for (int i = 0; i < 4; ++i) {
    grpc::ClientContext context;
    Authorize(context, kAdministratorToken);
    SubmitReportsResponse response;
    last = rpc::FromGrpc(usage->SubmitReports(&context, SubmitReportsRequest(), &response));
  }
  EXPECT_EQ(errors::ErrorId(last), "gateway.rate_limited");
  EXPECT_GT(errors::RetryDelay(last), absl::ZeroDuration());
}

TEST(GrpcListenerLimitsTest, CallsBeyondTheRoomThatThereIsAreRefusedAtOnce) {
  FrontDoor door(1000, {.calls_max = 1, .bytes_max = 1000});
  auto listener = *GrpcListener::Start({.address = "127.0.0.1:0", .tls = door.tls}, door.surroundings());
  auto usage = ingest::v1::UsageService::NewStub(door.Connect(listener->port()));
  const auto submit = [&](const std::string& document, grpc::ClientContext& context) {
    Authorize(context, kAdministratorToken);
    SubmitReportsRequest request;
    request.set_document(document);
    SubmitReportsResponse response;
    return errors::ErrorId(rpc::FromGrpc(usage->SubmitReports(&context, request, &response)));
  };
  grpc::ClientContext waiting;
  std::thread caller([&] { submit("wait", waiting); });
  while (door.backend.calls() == 0) absl::SleepFor(absl::Milliseconds(5));
  grpc::ClientContext second;
  EXPECT_EQ(submit("x", second), "gateway.overloaded");
  waiting.TryCancel();
  caller.join();
  grpc::ClientContext large;
  std::string id = "gateway.overloaded";
  EXPECT_EQ(submit(std::string(2000, 'x'), large), "gateway.overloaded");
}

TEST_F(GrpcListenerTest, ReflectionListsThePublicServicesAndTheirFiles) {
  const auto ask = [&](const std::string& request_bytes) {
    const grpc::Slice slice(request_bytes);
    return *door_.reflection.Answer(grpc::ByteBuffer(&slice, 1));
  };
  const auto text = [](const grpc::ByteBuffer& buffer) {
    grpc::Slice slice;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
  };
  // list_services = "" (field 7), file_containing_symbol (field 4).
  const std::string services = text(ask(std::string("\x3a\x00", 2)));
  EXPECT_NE(services.find("quartermaster.ingest.v1.UsageService"), std::string::npos);
  EXPECT_NE(services.find("quartermaster.gateway.v1.NodeService"), std::string::npos);
  const std::string symbol = "quartermaster.ingest.v1.UsageService";
  const std::string files = text(ask("\x22" + std::string(1, char(symbol.size())) + symbol));
  EXPECT_NE(files.find("google/protobuf/timestamp.proto"), std::string::npos);
  const std::string internal = "quartermaster.ingest.v1.ReportDigest";
  const std::string none = text(ask("\x22" + std::string(1, char(internal.size())) + internal));
  EXPECT_NE(none.find("no such file or symbol"), std::string::npos);
  // And it needs a credential.
  EXPECT_TRUE(absl::IsUnauthenticated(CallRaw(absl::StrCat("/", Reflection::kMethod), "")));
}

}  // namespace
}  // namespace quartermaster::gateway
