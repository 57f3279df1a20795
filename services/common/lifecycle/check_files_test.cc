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
  config.database.external->password = {};
  config.database.external->passwords["ledger"].file = WriteFile("ledger", "secret", 0600);
  EXPECT_THAT(CheckFiles(config, {"ledger"}), ElementsAre());
}

TEST(CheckFilesTest, AConfigurationWithoutFilesNeedsNone) {
  EXPECT_THAT(CheckFiles(config::DefaultNodeConfig(), {"ingest", "ledger", "authority", "gateway"}),
              ElementsAre());
}

}  // namespace
}  // namespace quartermaster
