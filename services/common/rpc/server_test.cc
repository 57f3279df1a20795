#include "services/common/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/ids/request_id.h"
#include "services/common/log/log.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::rpc {
namespace {

using gateway::v1::GetNodeRequest;
using gateway::v1::Node;
using gateway::v1::NodeService;
using ::testing::HasSubstr;

constexpr char kMethod[] = "/quartermaster.gateway.v1.NodeService/GetNode";

// What a handler of either API shows of its call: version = request id and caller.
absl::Status Answer(const grpc::ServerContextBase& context, Node& node) {
  const Caller caller = ReadCaller(context);
  node.set_version(std::string(RequestId(context)) + "|" + caller.actor + "|" + caller.smart_account + "|" +
                   caller.role);
  if (caller.actor == "breaker") return absl::InternalError("it broke");
  return absl::OkStatus();
}

class SyncService final : public NodeService::Service {
  grpc::Status GetNode(grpc::ServerContext* context, const GetNodeRequest*, Node* node) override {
    return ToGrpc(Answer(*context, *node));
  }
};

class CallbackService final : public NodeService::CallbackService {
  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context, const GetNodeRequest*,
                                    Node* node) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(Answer(*context, *node)));
    return reactor;
  }
};

// A server on a free port with either kind of service.
class ServerTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    log::Configure({.service = "test"});
    grpc::ServerBuilder builder;
    ConfigureServer(builder, {.metrics = &registry_, .listener = "internal"});
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    if (GetParam()) {
      builder.RegisterService(&callback_service_);
    } else {
      builder.RegisterService(&sync_service_);
    }
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    channel_ = *MakeChannel({.address = "127.0.0.1:" + std::to_string(port_)});
    stub_ = NodeService::NewStub(channel_);
  }

  // The handler's view of one call.
  std::string Call(grpc::ClientContext& context) {
    Node node;
    const grpc::Status status = stub_->GetNode(&context, {}, &node);
    return status.ok() ? node.version() : status.error_message();
  }

  // Waits for what a server does after it answered.
  bool ShowsSoon(const std::string& text) {
    for (int i = 0; i < 200; ++i) {
      if (registry_.Exposition().find(text) != std::string::npos) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }

  metrics::Registry registry_;
  SyncService sync_service_;
  CallbackService callback_service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<NodeService::Stub> stub_;
};

INSTANTIATE_TEST_SUITE_P(Apis, ServerTest, testing::Bool(),
                         [](const auto& api) { return api.param ? "Callback" : "Sync"; });

TEST_P(ServerTest, ARequestIdIsMadeWhenAbsentAndEchoed) {
  grpc::ClientContext context;
  const std::string seen = Call(context);
  const std::string id = seen.substr(0, seen.find('|'));
  EXPECT_TRUE(ids::IsValidRequestId(id)) << seen;
  const auto& metadata = context.GetServerInitialMetadata();
  ASSERT_EQ(metadata.count(kRequestIdKey), 1u);
  EXPECT_EQ(metadata.find(kRequestIdKey)->second, id);
}

TEST_P(ServerTest, ACallersRequestIdIsKept) {
  const log::RequestScope scope("job-7/3");
  grpc::ClientContext context;
  PrepareContext(context, absl::Now() + absl::Seconds(10),
                 {.actor = "client-1", .smart_account = "acme", .role = "administrator"});
  EXPECT_EQ(Call(context), "job-7/3|client-1|acme|administrator");
  EXPECT_EQ(context.GetServerInitialMetadata().find(kRequestIdKey)->second, "job-7/3");
}

TEST_P(ServerTest, ACallerKeepsItsNamesInAnyScript) {
  const log::RequestScope scope("r-1");
  grpc::ClientContext context;
  PrepareContext(context, absl::Now() + absl::Seconds(10),
                 {.actor = "müller", .smart_account = "bücher.example", .role = "device"});
  EXPECT_EQ(Call(context), "r-1|müller|bücher.example|device");
}

TEST_P(ServerTest, ABadOrAmbiguousRequestIdIsReplaced) {
  for (const bool twice : {true, false}) {
    grpc::ClientContext context;
    context.AddMetadata(kRequestIdKey, twice ? "a" : std::string(200, 'a'));
    if (twice) context.AddMetadata(kRequestIdKey, "b");
    const std::string seen = Call(context);
    EXPECT_EQ(seen.find('|'), 16u) << seen;
    EXPECT_EQ(context.GetServerInitialMetadata().count(kRequestIdKey), 1u);
  }
}

TEST_P(ServerTest, CallsAreCountedByMethodAndCode) {
  for (const char* actor : {"", "", "breaker"}) {
    grpc::ClientContext context;
    AttachCaller({.actor = actor}, context);
    Call(context);
  }
  const std::string labels = std::string("listener=\"internal\",method=\"") + kMethod + "\"";
  EXPECT_TRUE(ShowsSoon("quartermaster_rpc_calls_total{code=\"ok\"," + labels + "} 2\n"));
  EXPECT_TRUE(ShowsSoon("quartermaster_rpc_calls_total{code=\"internal\"," + labels + "} 1\n"));
  EXPECT_TRUE(ShowsSoon("quartermaster_rpc_call_seconds_count{" + labels + "} 3\n"));
  EXPECT_TRUE(ShowsSoon("quartermaster_rpc_calls_in_flight{" + labels + "} 0\n"));
}

TEST_P(ServerTest, AFailureOfTheServersOwnMakingIsLoggedWithItsRequest) {
  testing::internal::CaptureStderr();
  const log::RequestScope scope("r-9");
  grpc::ClientContext context;
  PrepareContext(context, absl::Now() + absl::Seconds(10), {.actor = "breaker"});
  EXPECT_EQ(Call(context), "it broke");
  server_->Shutdown();
  server_->Wait();
  const auto line = nlohmann::json::parse(testing::internal::GetCapturedStderr());
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["service"], "gateway");
  EXPECT_EQ(line["request_id"], "r-9");
  EXPECT_EQ(line["method"], kMethod);
  EXPECT_EQ(line["reason"], "internal.internal");
}

TEST_P(ServerTest, UnknownMethodsMakeNoSeries) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/evil.Service/Method" + std::string(50, 'x'),
                                    grpc::ByteBuffer(), &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::UNIMPLEMENTED);
  EXPECT_TRUE(ShowsSoon("{code=\"unimplemented\",listener=\"internal\",method=\"other\"} 1\n"));
  EXPECT_THAT(registry_.Exposition(), testing::Not(HasSubstr("evil")));
}

TEST_P(ServerTest, ASecondServerCannotTakeThePort) {
  grpc::ServerBuilder builder;
  ConfigureServer(builder, {.metrics = &registry_});
  builder.RegisterService(&sync_service_);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::InsecureServerCredentials());
  EXPECT_EQ(builder.BuildAndStart(), nullptr);
}

TEST_P(ServerTest, CallsThroughTheProcessAreObservedToo) {
  const auto stub = NodeService::NewStub(InProcessChannel(*server_, 8 << 20));
  grpc::ClientContext context;
  PrepareContext(context, absl::Now() + absl::Seconds(10), {.actor = "service:gateway"});
  Node node;
  ASSERT_TRUE(stub->GetNode(&context, {}, &node).ok());
  EXPECT_THAT(node.version(), HasSubstr("|service:gateway|"));
  EXPECT_EQ(node.version().find('|'), 16u);
}

// A unary call by name, so that no stubs of gRPC's own services are needed.
std::string RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Slice slice(request);
  auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return "error " + std::to_string(status.error_code());
  std::vector<grpc::Slice> slices;
  (void)response.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& part : slices) {
    bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return bytes;
}

TEST_P(ServerTest, HealthIsPerService) {
  const std::string ask_ledger("\x0a\x06ledger", 8);  // HealthCheckRequest{service: "ledger"}
  EXPECT_EQ(RawCall(channel_, "/grpc.health.v1.Health/Check", ask_ledger), "error 5");
  SetServing(*server_, "ledger", true);
  EXPECT_EQ(RawCall(channel_, "/grpc.health.v1.Health/Check", ask_ledger), "\x08\x01");
  SetServing(*server_, "ledger", false);
  EXPECT_EQ(RawCall(channel_, "/grpc.health.v1.Health/Check", ask_ledger), "\x08\x02");
}

TEST_P(ServerTest, ReflectionListsTheServices) {
  const std::string list("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}
  const std::string answer =
      RawCall(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list);
  EXPECT_THAT(answer, HasSubstr("quartermaster.gateway.v1.NodeService"));
  EXPECT_THAT(answer, HasSubstr("grpc.health.v1.Health"));
}

}  // namespace
}  // namespace quartermaster::rpc
