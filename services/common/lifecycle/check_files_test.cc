#include "services/common/lifecycle/check_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace quartermaster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& text, mode_t mode) {
  std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

TEST(CheckFilesTest, FilesThatCannotBeUsedAreNamedWithTheirField) {
  config::NodeConfig config = config::DefaultNodeConfig();
  config.gateway.tls = {.certificate_file = "/nowhere/c.pem", .key_file = "/nowhere/k.pem"};
  config.gateway.administrator_secret.file = WriteFile("short", "hunter2", 0600);
  config.key_encryption_key.file = WriteFile("open", "secret", 0644);
  config.metrics.token.environment = "QM_TEST_NOT_SET";
  config.database.external.emplace();
  config.database.external->password.file = "/nowhere/password";
  EXPECT_THAT(CheckFiles(config, {"gateway", "authority"}),
              ElementsAre(HasSubstr("metrics.token: "), HasSubstr("/nowhere/c.pem"),
                          HasSubstr("gateway.administrator_secret: "), HasSubstr("key_encryption_key: "),
                          HasSubstr("password of authority"), HasSubstr("password of gateway")));
  // What a process does not need it need not see.
  config.metrics.token = {};
  config.key_encryption_key = {};
  config.database.external->password = {};
  config.database.external->passwords["ledger"].file = WriteFile("ledger", "secret", 0600);
  EXPECT_THAT(CheckFiles(config, {"ledger"}), ElementsAre());
}

TEST(CheckFilesTest, AKeyEncryptionKeyOfAnotherFormIsRefusedWithoutShowingIt) {
  config::NodeConfig config = config::DefaultNodeConfig();
  config.key_encryption_key.file = WriteFile("uuid", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", 0600);
  const std::vector<std::string> mistakes = CheckFiles(config, {"authority"});
  EXPECT_THAT(mistakes,
              ElementsAre("key_encryption_key: key-encryption key: got 36 characters, want 64 hex digits"));
  config.key_encryption_key.file = WriteFile("key", std::string(64, 'a') + "\n", 0600);
  EXPECT_THAT(CheckFiles(config, {"authority"}), ElementsAre());
}

TEST(CheckFilesTest, AConfigurationWithoutFilesNeedsNone) {
  EXPECT_THAT(CheckFiles(config::DefaultNodeConfig(), {"ingest", "ledger", "authority", "gateway"}),
              ElementsAre());
}

}  // namespace
}  // namespace quartermaster
