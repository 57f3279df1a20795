#include "services/gateway/tls/server_identity.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "services/common/crypto/certificate.h"
#include "services/common/errors/error.h"
#include "services/gateway/files/private_files.h"
#include "services/gateway/tls/tls_context.h"

namespace quartermaster::gateway {
namespace {

class ServerIdentityTest : public ::testing::Test {
 protected:
  ServerIdentityTest() {
    std::string name = ::testing::TempDir() + "/identity-XXXXXX";
    root_ = mkdtemp(name.data());
    options_.directory = root_ + "/tls";
    options_.node_name = "test";
  }
  ~ServerIdentityTest() override { std::filesystem::remove_all(root_); }

  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }
  static crypto::Certificate CertificateIn(const std::string& path) {
    return *crypto::Certificate::FromPem(*ReadWholeFile(path));
  }
  static bool IsFor(const crypto::Certificate& certificate, const std::string& name) {
    return X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr) == 1;
  }

  std::string root_;
  ServerIdentityOptions options_;
  const absl::Time now_ = absl::Now();
};

TEST_F(ServerIdentityTest, TheFirstStartMakesACaAndAServerCertificateForThisMachine) {
  options_.names = {"licenses.example.com", "10.1.2.3", "*.example.org"};
  const auto files = EnsureServerIdentity(options_, now_);
  ASSERT_TRUE(files.ok()) << files.status();
  const auto server = CertificateIn(files->certificate_file);
  const auto ca = CertificateIn(files->ca_file);
  EXPECT_TRUE(ca.is_ca());
  EXPECT_EQ(server.issuer(), ca.subject());
  for (const char* name : {"localhost", "licenses.example.com", "a.example.org"}) {
    EXPECT_TRUE(IsFor(server, name)) << name;
  }
  for (const char* address : {"127.0.0.1", "::1", "10.1.2.3"}) {
    EXPECT_EQ(X509_check_ip_asc(server.get(), address, 0), 1) << address;
  }
  EXPECT_FALSE(IsFor(server, "other.example.com"));
  EXPECT_EQ(ModeOf(options_.directory), 0700u);
  EXPECT_EQ(ModeOf(files->key_file), 0600u);
  EXPECT_EQ(ModeOf(options_.directory + "/ca.key"), 0600u);
  EXPECT_TRUE(TlsContext::Open(*files).ok());
}

TEST_F(ServerIdentityTest, ALaterStartKeepsWhatIsThere) {
  options_.names = {"*.example.org"};
  const auto files = EnsureServerIdentity(options_, now_);
  const std::string before = *ReadWholeFile(files->certificate_file);
  ASSERT_TRUE(EnsureServerIdentity(options_, now_ + absl::Hours(24)).ok());
  EXPECT_EQ(*ReadWholeFile(files->certificate_file), before);
}

TEST_F(ServerIdentityTest, ACertificateThatRunsOutOrLacksANameIsIssuedAgainUnderTheSameKeys) {
  const auto files = EnsureServerIdentity(options_, now_);
  const auto first = CertificateIn(files->certificate_file);
  const std::string ca = *ReadWholeFile(files->ca_file);

  const absl::Time later = now_ + absl::Hours(24 * 336);
  ASSERT_TRUE(EnsureServerIdentity(options_, later).ok());
  const auto renewed = CertificateIn(files->certificate_file);
  EXPECT_NE(renewed.serial_number(), first.serial_number());
  EXPECT_EQ(renewed.key_id(), first.key_id());

  options_.names = {"new.example.com"};
  ASSERT_TRUE(EnsureServerIdentity(options_, later).ok());
  EXPECT_TRUE(IsFor(CertificateIn(files->certificate_file), "new.example.com"));
  EXPECT_EQ(*ReadWholeFile(files->ca_file), ca);
}

TEST_F(ServerIdentityTest, ProcessesThatStartTogetherEndWithOneIdentity) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(EnsureServerIdentity(options_, now_).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  const auto files = EnsureServerIdentity(options_, now_);
  EXPECT_TRUE(TlsContext::Open(*files).ok());
  EXPECT_EQ(CertificateIn(files->certificate_file).issuer(), CertificateIn(files->ca_file).subject());
}

TEST_F(ServerIdentityTest, ConfiguredFilesAreUsedAndNothingIsMade) {
  options_.configured = {.certificate_file = "/etc/x.pem", .key_file = "/etc/x.key", .ca_file = ""};
  const auto files = EnsureServerIdentity(options_, now_);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->certificate_file, "/etc/x.pem");
  EXPECT_FALSE(std::filesystem::exists(options_.directory));
}

TEST_F(ServerIdentityTest, FilesThatAreDamagedAreNamedAndNeverOverwritten) {
  const auto files = EnsureServerIdentity(options_, now_);
  std::ofstream(files->ca_file) << "not a certificate";
  const auto again = EnsureServerIdentity(options_, now_);
  EXPECT_EQ(errors::ErrorId(again.status()), "gateway.tls_files_unusable");
  EXPECT_NE(again.status().message().find(files->ca_file), std::string::npos);
  EXPECT_EQ(*ReadWholeFile(files->ca_file), "not a certificate");
}

TEST_F(ServerIdentityTest, TheTlsContextFollowsTheFilesAndKeepsTheOldOneWhenTheyAreBad) {
  const auto files = EnsureServerIdentity(options_, now_);
  auto context = TlsContext::Open(*files);
  ASSERT_TRUE(context.ok());
  const auto first = (*context)->current();
  EXPECT_TRUE((*context)->Refresh().ok());
  EXPECT_EQ((*context)->current(), first);

  options_.names = {"new.example.com"};
  ASSERT_TRUE(EnsureServerIdentity(options_, now_).ok());
  EXPECT_TRUE((*context)->Refresh().ok());
  const auto second = (*context)->current();
  EXPECT_NE(second, first);

  std::ofstream(files->key_file) << *ReadWholeFile(options_.directory + "/ca.key");
  const absl::Status mismatch = (*context)->Refresh();
  EXPECT_EQ(errors::ErrorId(mismatch), "gateway.tls_files_unusable") << mismatch;
  EXPECT_EQ((*context)->current(), second);
}

}  // namespace
}  // namespace quartermaster::gateway
