#include "services/common/lifecycle/internal_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "absl/time/clock.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/client.h"

namespace quartermaster {
namespace {

using ::testing::ElementsAre;

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

TEST(InternalAddresses, AProcessOfOneServiceListensByDefaultOneOfSeveralDoesNot) {
  config::NodeConfig config = config::DefaultNodeConfig();
  EXPECT_THAT(InternalAddresses(config, {"ledger"}), ElementsAre("127.0.0.1:7102"));
  EXPECT_THAT(InternalAddresses(config, {"ingest", "ledger", "gateway"}), ElementsAre());
  EXPECT_THAT(InternalAddresses(config, {"gateway"}), ElementsAre());
}

TEST(InternalAddresses, ConfiguredOnesAreUsedOnce) {
  config::NodeConfig config = config::DefaultNodeConfig();
  config.services["ledger"].listen = "127.0.0.1:1";
  config.services["ingest"].listen = "127.0.0.1:1";
  EXPECT_THAT(InternalAddresses(config, {"ingest", "ledger", "gateway"}), ElementsAre("127.0.0.1:1"));
  EXPECT_THAT(InternalAddresses(config, {"authority"}), ElementsAre("127.0.0.1:7103"));
}

// A service without calls of its own: gRPC's health service is enough to call.
class Nothing final : public Service {
 public:
  explicit Nothing(std::string name = "ledger") : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void RegisterWith(grpc::ServerBuilder&) override {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop(absl::Time) override {}
  absl::Status Health() override { return absl::OkStatus(); }

 private:
  const std::string name_;
};

bool ConnectsSoon(const std::shared_ptr<grpc::Channel>& channel, absl::Duration patience) {
  return channel->WaitForConnected(absl::ToChronoTime(absl::Now() + patience));
}

// The configuration's own check is gone around here: the door itself must hold.
TEST(InternalServer, RefusesToListenBeyondLoopbackWithoutTls) {
  config::NodeConfig config = config::DefaultNodeConfig();
  config.services["ledger"].listen = "0.0.0.0:0";
  metrics::Registry registry;
  Nothing service;
  const auto server = InternalServer::Start(config, registry, {&service});
  EXPECT_EQ(errors::ErrorId(server.status()), "rpc.plaintext_beyond_loopback");
}

TEST(InternalServer, AnUnreadableCertificateIsAnError) {
  config::NodeConfig config = config::DefaultNodeConfig();
  config.services["ledger"].listen = "127.0.0.1:0";
  config.internal_tls = {"/absent/a.pem", "/absent/a.key", "/absent/ca.pem"};
  metrics::Registry registry;
  Nothing service;
  const auto server = InternalServer::Start(config, registry, {&service});
  EXPECT_EQ(errors::ErrorId(server.status()), "rpc.tls_file_unreadable");
}

TEST(InternalServer, ListensOnAUnixSocketThatOnlyItsUserCanEnter) {
  config::NodeConfig config = config::DefaultNodeConfig();
  const std::string path = "/tmp/qm-internal-" + std::to_string(getpid()) + ".sock";
  config.services["ledger"].listen = "unix:" + path;
  metrics::Registry registry;
  Nothing service;
  umask(0077);  // as RunProcess does
  const auto server = InternalServer::Start(config, registry, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = rpc::MakeChannel({.address = "unix:" + path});
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_TRUE(ConnectsSoon(*channel, absl::Seconds(10)));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & (S_IRWXG | S_IRWXO), 0u);
  (*server)->Shutdown(absl::Now() + absl::Seconds(1));
}

TEST(InternalServer, AGatewayListensNowhereAndReachesTheOthers) {
  config::NodeConfig config = config::DefaultNodeConfig();
  metrics::Registry registry;
  Nothing gateway("gateway");
  const auto server = InternalServer::Start(config, registry, {&gateway});
  ASSERT_TRUE(server.ok()) << server.status();
  for (const char* service : {"ingest", "ledger", "authority"}) {
    EXPECT_NE((*server)->ChannelTo(service), nullptr);
  }
  (*server)->Shutdown(absl::Now() + absl::Seconds(1));
}

// The split shape over several hosts, on one: two processes' servers that know each other by mTLS.
TEST(InternalServer, ServicesOfTwoProcessesMeetOverMutualTls) {
  const absl::Time now = absl::Now();
  const crypto::Validity validity{now - absl::Hours(1), now + absl::Hours(1)};
  const auto new_key = [] { return *crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256); };
  const auto write = [](const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  };
  const auto ca = *crypto::CertificateAuthority::Create(new_key(), "internal", validity);
  const crypto::PrivateKey key = new_key();
  const auto certificate =
      *ca.IssueServer(key.Public(), {.dns_names = {"localhost"}, .ip_addresses = {}}, validity);
  config::NodeConfig config = config::DefaultNodeConfig();
  config.internal_tls = {write("a.pem", certificate.ToPem()), write("a.key", key.ToPem()),
                         write("ca.pem", ca.certificate().ToPem())};
  const std::string port = std::to_string(FreePort());
  config.services["ledger"].listen = "localhost:" + port;

  metrics::Registry registry;
  Nothing ledger("ledger");
  Nothing gateway("gateway");
  const auto server = InternalServer::Start(config, registry, {&ledger});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto caller = InternalServer::Start(config, registry, {&gateway});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_TRUE(ConnectsSoon((*caller)->ChannelTo("ledger"), absl::Seconds(10)));
  const auto plaintext = rpc::MakeChannel({.address = "localhost:" + port});
  EXPECT_FALSE(ConnectsSoon(*plaintext, absl::Milliseconds(500)));
  (*caller)->Shutdown(absl::Now() + absl::Seconds(1));
  (*server)->Shutdown(absl::Now() + absl::Seconds(1));
}

}  // namespace
}  // namespace quartermaster
