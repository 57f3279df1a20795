#include "clients/connection/node_connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/qmctl/toy_node.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::client {
namespace {

using ledger::v1::ComplianceService;

std::unique_ptr<NodeConnection> ConnectionTo(int port, absl::Duration patience) {
  Credential credential;
  credential.grpc_endpoint = absl::StrCat("127.0.0.1:", port);
  return *NodeConnection::Open(credential, patience);
}

absl::Status Ask(const NodeConnection& node) {
  const auto stub = ComplianceService::NewStub(node.channel());
  ledger::v1::GetComplianceResponse response;
  return node.Call(
      [&](grpc::ClientContext& context) { return stub->GetCompliance(&context, {}, &response); });
}

TEST(NodeConnectionTest, ANodeThatComesBackIsFoundSoonerThanPatienceEnds) {
  auto toy = std::make_unique<qmctl::ToyNode>();
  const int port = toy->port();
  const auto node = ConnectionTo(port, absl::Seconds(20));
  ASSERT_TRUE(Ask(*node).ok());
  toy.reset();
  std::thread restart([&] {
    absl::SleepFor(absl::Seconds(2));
    toy = std::make_unique<qmctl::ToyNode>(port);
  });
  const absl::Time started = absl::Now();
  const absl::Status status = Ask(*node);
  restart.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_LT(absl::Now() - started, absl::Seconds(8));
}

TEST(NodeConnectionTest, ANodeThatNeverAnswersIsUnreachableAfterPatience) {
  auto toy = std::make_unique<qmctl::ToyNode>();
  const int port = toy->port();
  toy.reset();
  const auto node = ConnectionTo(port, absl::Seconds(1));
  const absl::Time started = absl::Now();
  const absl::Status status = Ask(*node);
  EXPECT_EQ(errors::ErrorId(status), "client.unreachable");
  EXPECT_LT(absl::Now() - started, absl::Seconds(4));
}

// The node asks to come back after longer than this client has patience.
TEST(NodeConnectionTest, PatienceEndsWithAnAttemptHoweverLongTheNodeAsksToWait) {
  qmctl::ToyNode toy;
  const auto node = ConnectionTo(toy.port(), absl::Seconds(3));
  const errors::ErrorKind kind{"toy.full", absl::StatusCode::kResourceExhausted, true};
  int attempts = 0;
  ASSERT_TRUE(Ask(*node).ok());
  const absl::Time started = absl::Now();
  const absl::Status status = node->Call([&](grpc::ClientContext&) {
    ++attempts;
    return rpc::ToGrpc(
        errors::WithRetryDelay(errors::MakeError(kind, "queue: got 8, want fewer"), absl::Seconds(5)));
  });
  EXPECT_EQ(errors::ErrorId(status), "toy.full");
  EXPECT_EQ(attempts, 2);
  EXPECT_GE(absl::Now() - started, absl::Milliseconds(1900));
  EXPECT_LT(absl::Now() - started, absl::Seconds(3));
}

TEST(NodeConnectionTest, AnAddressThatIsNoneIsRefused) {
  for (const char* wrong : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:0"}) {
    Credential credential;
    credential.grpc_endpoint = wrong;
    const auto node = NodeConnection::Open(credential, absl::Seconds(1));
    EXPECT_EQ(errors::ErrorId(node.status()), "client.usage") << wrong;
  }
}

TEST(NodeConnectionTest, WithoutACaOnlyLoopbackIsSpokenTo) {
  Credential credential;
  credential.grpc_endpoint = "192.0.2.1:8444";
  const auto node = NodeConnection::Open(credential, absl::Seconds(1));
  EXPECT_EQ(errors::ErrorId(node.status()), "client.usage");
}

}  // namespace
}  // namespace quartermaster::client
