// The whole front door on a real database: first start, credentials, both listeners, restart.
#include "services/gateway/gateway_service.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/eventually.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/testing/https_client.h"
#include "services/gateway/testing/toy_backend.h"

namespace quartermaster {
namespace {

using gateway::HttpsClient;
using nlohmann::json;

class GatewayServiceTest : public ::testing::Test {
 protected:
  GatewayServiceTest() : database_(testing::NewDatabase()) {
    std::string name = ::testing::TempDir() + "/gateway-XXXXXX";
    config_.data_directory = mkdtemp(name.data());
    config_.gateway.rest_listen = "127.0.0.1:0";
    config_.gateway.grpc_listen = "127.0.0.1:0";
    context_.config = &config_;
    context_.clock = &clock_;
    context_.metrics = &registry_;
    context_.database = [this](std::string_view service) {
      return testing::OptionsFor(absl::StrCat("qm_", std::string(service)), database_);
    };
    context_.channel = [this](std::string_view) { return backend_.channel(); };
    context_.local_methods = &local_methods_;
  }
  ~GatewayServiceTest() override {
    service_ = nullptr;
    std::filesystem::remove_all(config_.data_directory);
  }

  void Start() {
    auto made = MakeGatewayService(context_);
    ASSERT_TRUE(made.ok()) << made.status();
    service_ = *std::move(made);
    const absl::Status started = service_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  json Credential(const std::string& role = "administrator") {
    return json::parse(
        *gateway::ReadWholeFile(absl::StrCat(config_.data_directory, "/credentials/", role, ".json")));
  }
  std::string Token(const json& credential) {
    return absl::StrCat(std::string(credential["client_id"]), ".", std::string(credential["secret"]));
  }

  HttpsClient::Response Get(const std::string& path, const std::string& token) {
    const json credential = Credential();
    const std::string endpoint = credential["rest_endpoint"];
    HttpsClient client(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)), credential["ca_certificate"]);
    EXPECT_TRUE(client.good());
    client.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\n",
                             token.empty() ? "" : "Authorization: Bearer " + token + "\r\n", "\r\n"));
    return client.Read();
  }

  absl::StatusOr<gateway::v1::Node> GetNode(const json& credential) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = credential["ca_certificate"];
    auto stub = gateway::v1::NodeService::NewStub(
        grpc::CreateChannel(credential["grpc_endpoint"], grpc::SslCredentials(tls)));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context.AddMetadata("authorization", "Bearer " + Token(credential));
    gateway::v1::Node node;
    const absl::Status status = rpc::FromGrpc(stub->GetNode(&context, gateway::v1::GetNodeRequest(), &node));
    if (!status.ok()) return status;
    return node;
  }

  const std::string database_;
  config::NodeConfig config_ = config::DefaultNodeConfig();
  SystemClock clock_;
  metrics::Registry registry_;
  rpc::LocalMethods local_methods_{&registry_, false};
  gateway::ToyBackend backend_;
  ServiceContext context_;
  std::unique_ptr<Service> service_;
};

TEST_F(GatewayServiceTest, AfterTheFirstStartTheCredentialOpensBothListeners) {
  Start();
  EXPECT_TRUE(service_->Health().ok()) << service_->Health();
  const json credential = Credential();
  const auto node = GetNode(credential);
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_GE(node->schema_version(), 5);
  EXPECT_FALSE(node->synchronous_standby());
  EXPECT_FALSE(node->version().empty());
  ASSERT_EQ(node->services_size(), 4);
  EXPECT_EQ(node->services(3).service(), "gateway");
  EXPECT_TRUE(node->services(3).serving());

  const auto rest = Get("/quartermaster/v1/node", Token(credential));
  EXPECT_EQ(rest.result_int(), 200u);
  EXPECT_EQ(json::parse(rest.body())["schemaVersion"], node->schema_version());
  EXPECT_EQ(Get("/quartermaster/v1/node", Token(Credential("device"))).result_int(), 403u);
  EXPECT_EQ(Get("/quartermaster/v1/node", "").result_int(), 401u);
  EXPECT_EQ(Get("/healthz", "").result_int(), 200u);
}

TEST_F(GatewayServiceTest, ReadyMeansThatEveryServiceBehindServes) {
  backend_.SetServing(true);
  Start();
  EXPECT_EQ(Get("/readyz", "").result_int(), 200u);
  backend_.SetServing(false);
  EXPECT_TRUE(testing::Eventually([&] { return Get("/readyz", "").result_int() == 503u; }));
  // Which, and not why: everybody may ask.
  EXPECT_EQ(Get("/readyz", "").body(), "ingest: not serving\nledger: not serving\nauthority: not serving\n");
}

TEST_F(GatewayServiceTest, ASecondGatewayOnTheSameDataDirectoryTouchesNothing) {
  Start();
  const json before = Credential();
  auto second = MakeGatewayService(context_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(errors::ErrorId((*second)->Start()), "gateway.file_unusable");
  (*second)->Stop(absl::Now());
  EXPECT_EQ(Credential(), before);
  EXPECT_TRUE(GetNode(before).ok());
}

TEST_F(GatewayServiceTest, ARestartKeepsCredentialsAndCertificates) {
  Start();
  const json before = Credential();
  service_->Stop(absl::Now() + absl::Seconds(5));
  service_ = nullptr;
  Start();
  const json after = Credential();
  EXPECT_EQ(after["secret"], before["secret"]);
  EXPECT_EQ(after["ca_certificate"], before["ca_certificate"]);
  EXPECT_TRUE(GetNode(after).ok());
}

TEST_F(GatewayServiceTest, AConfiguredAdministratorSecretOpensTheDoorFromEveryDataDirectory) {
  Start();
  const json made = Credential();
  service_->Stop(absl::Now() + absl::Seconds(5));
  service_ = nullptr;
  // As a pod whose directory went with the one before it.
  std::filesystem::remove_all(config_.data_directory + "/credentials");
  const std::string secret(43, 'k');
  const std::string file = config_.data_directory + "/administrator_secret";
  ASSERT_TRUE(gateway::ReplaceFile(file, secret + "\n", 0600).ok());
  config_.gateway.administrator_secret.file = file;
  Start();
  EXPECT_EQ(Credential()["secret"], secret);
  const auto node = GetNode(Credential());
  EXPECT_TRUE(node.ok()) << node.status();
  json old = Credential();
  old["secret"] = made["secret"];
  EXPECT_EQ(errors::ErrorId(GetNode(old).status()), "gateway.unauthenticated");
}

TEST_F(GatewayServiceTest, AnAdministratorSecretThatCouldBeGuessedStopsTheStart) {
  config_.gateway.administrator_secret.file = config_.data_directory + "/administrator_secret";
  ASSERT_TRUE(gateway::ReplaceFile(config_.gateway.administrator_secret.file, "hunter2\n", 0600).ok());
  auto made = MakeGatewayService(context_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(errors::ErrorId((*made)->Start()), "config.invalid");
}

TEST_F(GatewayServiceTest, ARevokedCredentialStopsWorking) {
  Start();
  const json credential = Credential();
  ASSERT_TRUE(GetNode(credential).ok());
  pg::Pool pool(testing::OptionsFor("qm_gateway", database_));
  ASSERT_TRUE(pool.Transact("revoke",
                            [](pqxx::transaction_base& transaction) {
                              transaction.exec(
                                  "UPDATE api_clients SET revoked_at = now()"
                                  " WHERE client_id = 'administrator'");
                              return absl::OkStatus();
                            })
                  .ok());
  absl::Status status;
  EXPECT_TRUE(testing::Eventually([&] { return !(status = GetNode(credential).status()).ok(); }));
  EXPECT_EQ(errors::ErrorId(status), "gateway.unauthenticated");
}

TEST_F(GatewayServiceTest, NoSecretStandsInTheDatabaseOrInTheMetrics) {
  Start();
  const std::string secret = Credential()["secret"];
  ASSERT_TRUE(GetNode(Credential()).ok());
  EXPECT_EQ(registry_.Exposition().find(secret), std::string::npos);
  pg::Pool pool(testing::OptionsFor("qm_gateway", database_));
  const auto found = pool.Read("look", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int> {
    return transaction
        .exec_params(
            "SELECT (SELECT count(*) FROM api_clients c WHERE c::text LIKE '%' || $1 || '%')"
            " + (SELECT count(*) FROM gateway_audit a WHERE a::text LIKE '%' || $1 || '%')",
            secret)[0][0]
        .as<int>();
  });
  EXPECT_EQ(*found, 0);
}

TEST_F(GatewayServiceTest, ConfiguredCertificateFilesThatAreMissingStopTheStart) {
  config_.gateway.tls.certificate_file = "/nowhere/c.pem";
  config_.gateway.tls.key_file = "/nowhere/k.pem";
  const auto made = MakeGatewayService(context_);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.status().message().find("/nowhere/c.pem"), std::string::npos) << made.status();
}

TEST_F(GatewayServiceTest, StoppingDoesNotWaitForCredentialsThatNobodyCanCheck) {
  Start();
  const json credential = Credential();
  const std::string endpoint = credential["rest_endpoint"];
  std::vector<std::unique_ptr<HttpsClient>> clients;
  for (int i = 0; i < 15; ++i) {
    clients.push_back(std::make_unique<HttpsClient>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)),
                                                    credential["ca_certificate"]));
  }
  testing::SharedPostgres().Kill();
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i]->Send(
        absl::StrCat("GET /quartermaster/v1/node HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer client-", i,
                     ".secret\r\n\r\n"));
  }
  absl::SleepFor(absl::Milliseconds(200));
  const absl::Time start = absl::Now();
  service_->Stop(start + absl::Seconds(1));
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  testing::SharedPostgres().Start();
}

TEST_F(GatewayServiceTest, WithoutTheDatabaseHealthSaysSoAndComesBackWithIt) {
  Start();
  testing::SharedPostgres().Kill();
  EXPECT_TRUE(testing::Eventually([&] { return !service_->Health().ok(); }));
  testing::SharedPostgres().Start();
  EXPECT_TRUE(testing::Eventually([&] { return service_->Health().ok(); })) << service_->Health();
  EXPECT_TRUE(GetNode(Credential()).ok());
}

}  // namespace
}  // namespace quartermaster
