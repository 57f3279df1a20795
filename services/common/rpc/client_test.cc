#include "services/common/rpc/client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <fstream>

#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/rpc/server.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::rpc {
namespace {

using gateway::v1::GetNodeRequest;
using gateway::v1::Node;
using gateway::v1::NodeService;

const errors::ErrorKind kBusy =
    errors::RegisterErrorKind({"test.busy", absl::StatusCode::kResourceExhausted, true});

TEST(CallWithRetry, RepeatsWhatCanHelpWithOneRequestId) {
  int calls = 0;
  std::set<std::string_view> ids;
  const absl::Status status = CallWithRetry(
      {.deadline = absl::Seconds(10), .wait_first = absl::Milliseconds(1)}, [&](grpc::ClientContext&) {
        ids.insert(log::CurrentRequestId());
        return ++calls < 4 ? grpc::Status(grpc::UNAVAILABLE, "away") : grpc::Status::OK;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(ids.size(), 1u);
}

TEST(CallWithRetry, DoesNotRepeatWhatCannotHelp) {
  int calls = 0;
  const absl::Status status = CallWithRetry({}, [&](grpc::ClientContext&) {
    ++calls;
    return grpc::Status(grpc::INVALID_ARGUMENT, "count: got -1");
  });
  EXPECT_EQ(status.message(), "count: got -1");
  EXPECT_EQ(calls, 1);
}

TEST(CallWithRetry, GivesUpWithTheLastErrorBeforeItsDeadline) {
  const absl::Time start = absl::Now();
  const absl::Status status =
      CallWithRetry({.deadline = absl::Milliseconds(200), .wait_first = absl::Milliseconds(20)},
                    [](grpc::ClientContext&) { return grpc::Status(grpc::UNAVAILABLE, "away"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(400));
}

TEST(CallWithRetry, WaitsAsLongAsTheServerSays) {
  int calls = 0;
  const absl::Time start = absl::Now();
  const absl::Status status = CallWithRetry(
      {.deadline = absl::Seconds(10), .wait_first = absl::Milliseconds(1)}, [&](grpc::ClientContext&) {
        if (++calls > 1) return grpc::Status::OK;
        return ToGrpc(errors::WithRetryDelay(errors::MakeError(kBusy, "full"), absl::Milliseconds(300)));
      });
  EXPECT_TRUE(status.ok());
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(300));
}

TEST(PrepareContext, GivesEveryCallADeadline) {
  grpc::ClientContext context;
  const absl::Time deadline = absl::Now() + absl::Seconds(5);
  PrepareContext(context, deadline);
  EXPECT_LT(absl::AbsDuration(absl::FromChrono(context.deadline()) - deadline), absl::Milliseconds(1));
}

TEST(MakeChannel, PlaintextIsForLoopbackOnly) {
  EXPECT_TRUE(MakeChannel({.address = "127.0.0.1:7101"}).ok());
  EXPECT_TRUE(MakeChannel({.address = "unix:/run/quartermaster/ledger.sock"}).ok());
  EXPECT_EQ(errors::ErrorId(MakeChannel({.address = "ledger.internal:7102"}).status()),
            "rpc.plaintext_beyond_loopback");
}

TEST(MakeChannel, AMissingOrWrongFileIsNamed) {
  const auto absent = MakeChannel({.address = "a:1", .tls = {.ca_file = "/absent/ca.pem"}});
  EXPECT_EQ(errors::ErrorId(absent.status()), "rpc.tls_file_unreadable");
  EXPECT_NE(absent.status().message().find("/absent/ca.pem"), absl::string_view::npos);
  std::ofstream(testing::TempDir() + "/no.pem") << "not a certificate";
  EXPECT_FALSE(MakeChannel({.address = "a:1", .tls = {.ca_file = testing::TempDir() + "/no.pem"}}).ok());
}

// A server with mTLS and a client's files, all under one certificate authority.
class MutualTlsTest : public testing::Test {
 protected:
  class Service final : public NodeService::Service {
    grpc::Status GetNode(grpc::ServerContext*, const GetNodeRequest*, Node* node) override {
      node->set_version("1");
      return grpc::Status::OK;
    }
  };

  void SetUp() override {
    const crypto::PrivateKey key = NewKey();
    const auto ca = *crypto::CertificateAuthority::Create(key, "internal", validity_);
    ca_file_ = Write("ca.pem", ca.certificate().ToPem());
    const crypto::PrivateKey server_key = NewKey();
    const auto server_certificate = *ca.IssueServer(
        server_key.Public(), {.dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1"}}, validity_);
    server_files_ = {Write("server.pem", server_certificate.ToPem()), Write("server.key", server_key.ToPem()),
                     ca_file_};
    const crypto::PrivateKey client_key = NewKey();
    client_files_ = {Write("client.pem", ca.IssueClient(client_key.Public(), "gateway", validity_)->ToPem()),
                     Write("client.key", client_key.ToPem()), ca_file_};
    grpc::ServerBuilder builder;
    ConfigureServer(builder, {.metrics = &registry_});
    builder.AddListeningPort("127.0.0.1:0", *ServerTls(server_files_), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  static crypto::PrivateKey NewKey() {
    return *crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256);
  }

  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  absl::Status Call(const config::TlsFiles& files) {
    const auto channel = MakeChannel({.address = "127.0.0.1:" + std::to_string(port_), .tls = files});
    if (!channel.ok()) return channel.status();
    grpc::ClientContext context;
    PrepareContext(context, absl::Now() + absl::Seconds(10));
    Node node;
    return FromGrpc(NodeService::NewStub(*channel)->GetNode(&context, {}, &node));
  }

  const crypto::Validity validity_{absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(1)};
  metrics::Registry registry_;
  Service service_;
  std::string ca_file_;
  config::TlsFiles server_files_;
  config::TlsFiles client_files_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(MutualTlsTest, AClientWithACertificateOfOurAuthorityIsServed) {
  EXPECT_TRUE(Call(client_files_).ok()) << Call(client_files_);
}

TEST_F(MutualTlsTest, AClientWithoutCertificateIsNot) {
  EXPECT_EQ(Call({.ca_file = ca_file_}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(MutualTlsTest, APlaintextClientIsNot) { EXPECT_EQ(Call({}).code(), absl::StatusCode::kUnavailable); }

TEST_F(MutualTlsTest, ACertificateOfAnotherAuthorityIsNot) {
  const crypto::PrivateKey key = NewKey();
  const auto other = *crypto::CertificateAuthority::Create(key, "internal", validity_);
  const crypto::PrivateKey client_key = NewKey();
  const config::TlsFiles files{
      Write("other.pem", other.IssueClient(client_key.Public(), "gateway", validity_)->ToPem()),
      Write("other.key", client_key.ToPem()), ca_file_};
  EXPECT_EQ(Call(files).code(), absl::StatusCode::kUnavailable);
}

TEST_F(MutualTlsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  const auto other = *crypto::CertificateAuthority::Create(NewKey(), "internal", validity_);
  config::TlsFiles files = client_files_;
  files.ca_file = Write("other-ca.pem", other.certificate().ToPem());
  EXPECT_EQ(Call(files).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace quartermaster::rpc
