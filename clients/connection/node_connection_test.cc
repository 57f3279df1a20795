#include "clients/connection/node_connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/qmctl/toy_node.h"
#include "quartermaster/ledger/v1/compliance.grpc.pb.h"
#include "services/common/errors/error.h"

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

TEST(NodeConnectionTest, WithoutACaOnlyLoopbackIsSpokenTo) {
  Credential credential;
  credential.grpc_endpoint = "192.0.2.1:8444";
  const auto node = NodeConnection::Open(credential, absl::Seconds(1));
  EXPECT_EQ(errors::ErrorId(node.status()), "client.usage");
}

}  // namespace
}  // namespace quartermaster::client
