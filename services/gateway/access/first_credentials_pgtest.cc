#include "services/gateway/access/first_credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "services/common/testing/postgres_fixture.h"
#include "services/gateway/domain/secret_hash.h"
#include "services/gateway/files/private_files.h"

namespace quartermaster::gateway {
namespace {

class FirstCredentialsTest : public ::testing::Test {
 protected:
  FirstCredentialsTest()
      : database_(testing::NewDatabase()),
        pool_(testing::OptionsFor("qm_gateway", database_)),
        store_(pool_) {
    std::string name = ::testing::TempDir() + "/credentials-XXXXXX";
    root_ = mkdtemp(name.data());
    std::ofstream(root_ + "/ca.pem") << "-----BEGIN CERTIFICATE-----\n";
    endpoints_ = {"https://127.0.0.1:8443", "127.0.0.1:8444", root_ + "/ca.pem"};
  }
  ~FirstCredentialsTest() override { std::filesystem::remove_all(root_); }

  std::string Directory(int node = 0) const { return root_ + "/node" + std::to_string(node); }
  std::string File(int node = 0) const { return Directory(node) + "/administrator.json"; }
  absl::Status Ensure(int node = 0) {
    return EnsureFirstCredential(store_, Directory(node), Role::kAdministrator, endpoints_, absl::Now());
  }
  absl::Status EnsureSecret(const std::string& secret, int node = 0) {
    return EnsureAdministrator(store_, Directory(node), log::Secret(secret), endpoints_, absl::Now());
  }
  void Revoke() {
    ASSERT_TRUE(pool_
                    .Transact("revoke",
                              [](pqxx::transaction_base& transaction) {
                                transaction.exec("UPDATE api_clients SET revoked_at = now()");
                                return absl::OkStatus();
                              })
                    .ok());
  }
  nlohmann::json Json(int node = 0) { return nlohmann::json::parse(*ReadWholeFile(File(node))); }
  bool Matches(const std::string& secret) {
    return SecretMatches(store_.Find({"administrator"})->front().secret_hash, secret);
  }
  int CountOf(const char* sql) {
    return *pool_.Read("count", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int> {
      return transaction.exec1(sql)[0].as<int>();
    });
  }

  std::string database_;
  pg::Pool pool_;
  ApiClientStore store_;
  std::string root_;
  NodeEndpoints endpoints_;
};

TEST_F(FirstCredentialsTest, TheFirstStartWritesTheSecretOnceAndKeepsOnlyAHash) {
  ASSERT_TRUE(Ensure().ok());
  const auto json = Json();
  EXPECT_EQ(json["client_id"], "administrator");
  EXPECT_EQ(json["rest_endpoint"], endpoints_.rest);
  EXPECT_EQ(json["grpc_endpoint"], endpoints_.grpc);
  EXPECT_EQ(json["ca_certificate"], "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(json["ca_certificate_file"], endpoints_.ca_certificate_file);
  EXPECT_TRUE(Matches(json["secret"]));
  struct stat status {};
  ASSERT_EQ(stat(File().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const ApiClient row = store_.Find({"administrator"})->front();
  EXPECT_EQ(row.role, "administrator");
  EXPECT_EQ(row.secret_hash.rfind("$argon2id$", 0), 0u);
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit WHERE method = 'add_api_client'"), 1);
}

TEST_F(FirstCredentialsTest, ALaterStartKeepsTheSecretAndRenewsTheEndpoints) {
  ASSERT_TRUE(Ensure().ok());
  const std::string secret = Json()["secret"];
  endpoints_.grpc = "127.0.0.1:9999";
  ASSERT_TRUE(Ensure().ok());
  EXPECT_EQ(Json()["secret"], secret);
  EXPECT_EQ(Json()["grpc_endpoint"], "127.0.0.1:9999");
  EXPECT_TRUE(Matches(secret));
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit"), 1);
}

TEST_F(FirstCredentialsTest, ACrashBeforeTheInsertLosesNothing) {
  std::filesystem::create_directories(Directory());
  std::ofstream(File() + ".pending") << R"({"client_id":"administrator","secret":"half-way"})";
  ASSERT_TRUE(Ensure().ok());
  EXPECT_EQ(Json()["secret"], "half-way");
  EXPECT_TRUE(Matches("half-way"));
  EXPECT_FALSE(std::filesystem::exists(File() + ".pending"));
}

TEST_F(FirstCredentialsTest, ACrashAfterTheInsertLosesNothing) {
  ASSERT_TRUE(Ensure().ok());
  const std::string secret = Json()["secret"];
  std::filesystem::rename(File(), File() + ".pending");
  ASSERT_TRUE(Ensure().ok());
  EXPECT_EQ(Json()["secret"], secret);
  EXPECT_TRUE(Matches(secret));
}

TEST_F(FirstCredentialsTest, OfNodesThatStartTogetherOneWinsAndOnlyItsFileExists) {
  constexpr int kNodes = 4;
  std::vector<std::thread> threads;
  // Two processes for each data directory.
  for (int i = 0; i < 2 * kNodes; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(Ensure(i % kNodes).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  int files = 0;
  for (int node = 0; node < kNodes; ++node) {
    EXPECT_FALSE(std::filesystem::exists(File(node) + ".pending"));
    if (!std::filesystem::exists(File(node))) continue;
    ++files;
    EXPECT_TRUE(Matches(Json(node)["secret"]));
  }
  EXPECT_EQ(files, 1);
}

TEST_F(FirstCredentialsTest, ANewDatabaseUnderOldFilesGetsTheClientAgain) {
  ASSERT_TRUE(Ensure().ok());
  const std::string secret = Json()["secret"];
  pg::Pool other_pool(testing::OptionsFor("qm_gateway", testing::NewDatabase()));
  ApiClientStore other(other_pool);
  ASSERT_TRUE(EnsureFirstCredential(other, Directory(), Role::kAdministrator, endpoints_, absl::Now()).ok());
  EXPECT_EQ(Json()["secret"], secret);
  EXPECT_TRUE(SecretMatches(other.Find({"administrator"})->front().secret_hash, secret));
}

TEST_F(FirstCredentialsTest, ADamagedFileIsNamedAndItsContentIsNot) {
  std::filesystem::create_directories(Directory());
  std::ofstream(File()) << R"({"client_id":"administrator","secret":"tell-nob)";
  const absl::Status status = Ensure();
  EXPECT_NE(status.message().find(File()), std::string::npos);
  EXPECT_EQ(status.message().find("tell-nob"), std::string::npos);
}

TEST_F(FirstCredentialsTest, ARevokedClientIsNotMadeAgain) {
  ASSERT_TRUE(Ensure().ok());
  const std::string secret = Json()["secret"];
  Revoke();
  std::filesystem::remove(File());
  ASSERT_TRUE(Ensure().ok());
  EXPECT_FALSE(std::filesystem::exists(File()));
  EXPECT_TRUE(store_.Find({"administrator"})->front().revoked);
}

TEST_F(FirstCredentialsTest, AConfiguredSecretMakesTheAdministratorOnANewDatabase) {
  ASSERT_TRUE(EnsureSecret("configured").ok());
  EXPECT_TRUE(Matches("configured"));
  EXPECT_EQ(Json()["secret"], "configured");
  EXPECT_EQ(Json()["grpc_endpoint"], endpoints_.grpc);
  EXPECT_EQ(store_.Find({"administrator"})->front().role, "administrator");
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit WHERE method = 'add_api_client'"), 1);
}

TEST_F(FirstCredentialsTest, AConfiguredSecretTakesTheDoorBackWhereNobodyHasTheMadeOne) {
  ASSERT_TRUE(Ensure().ok());
  const std::string made = Json()["secret"];
  std::filesystem::remove_all(Directory());
  ASSERT_TRUE(EnsureSecret("configured").ok());
  EXPECT_TRUE(Matches("configured"));
  EXPECT_FALSE(Matches(made));
  EXPECT_EQ(Json()["secret"], "configured");
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit WHERE method = 'replace_api_client_secret'"
                    " AND actor = 'service:gateway' AND before->>'client_id' = 'administrator'"),
            1);
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit a WHERE a::text LIKE '%configured%'"
                    " OR a::text LIKE '%argon2%'"),
            0);
}

TEST_F(FirstCredentialsTest, ALaterStartWithTheSameSecretChangesNothing) {
  ASSERT_TRUE(EnsureSecret("configured").ok());
  const std::string hash = store_.Find({"administrator"})->front().secret_hash;
  ASSERT_TRUE(EnsureSecret("configured", 1).ok());
  EXPECT_EQ(store_.Find({"administrator"})->front().secret_hash, hash);
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit"), 1);
  EXPECT_EQ(Json(1)["secret"], "configured");
}

TEST_F(FirstCredentialsTest, NodesThatStartTogetherWithANewSecretReplaceItOnce) {
  ASSERT_TRUE(EnsureSecret("old").ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(EnsureSecret("new", i % 4).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Matches("new"));
  EXPECT_FALSE(Matches("old"));
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit WHERE method = 'replace_api_client_secret'"), 1);
  for (int node = 0; node < 4; ++node) EXPECT_EQ(Json(node)["secret"], "new");
}

TEST_F(FirstCredentialsTest, ARevokedSecretStaysRevokedAndANewOneOpensTheDoor) {
  ASSERT_TRUE(EnsureSecret("leaked").ok());
  Revoke();
  ASSERT_TRUE(EnsureSecret("leaked").ok());
  EXPECT_TRUE(store_.Find({"administrator"})->front().revoked);
  ASSERT_TRUE(EnsureSecret("fresh").ok());
  EXPECT_FALSE(store_.Find({"administrator"})->front().revoked);
  EXPECT_TRUE(Matches("fresh"));
  EXPECT_EQ(CountOf("SELECT count(*) FROM gateway_audit WHERE method = 'replace_api_client_secret'"
                    " AND (before->>'revoked')::boolean"),
            1);
}

}  // namespace
}  // namespace quartermaster::gateway
