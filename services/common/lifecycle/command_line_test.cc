#include "services/common/lifecycle/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/common/errors/error.h"

namespace quartermaster {
namespace {

using Command = CommandLine::Command;

TEST(CommandLine, NothingIsServingWithDefaults) {
  const auto line = ParseCommandLine({});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->command, Command::kServe);
  EXPECT_EQ(line->config_file, "");
}

TEST(CommandLine, PathsStandInEitherForm) {
  const auto line = ParseCommandLine({"--config", "a=b.yaml", "--data-directory=/d", "migrate"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->command, Command::kMigrate);
  EXPECT_EQ(line->config_file, "a=b.yaml");
  EXPECT_EQ(line->data_directory, "/d");
}

TEST(CommandLine, EverythingElseIsRefused) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--config"},
                                             {"--config="},
                                             {"--config", "a", "--config", "b"},
                                             {"--listen=:1"},
                                             {"--version", "migrate"},
                                             {"serve"},
                                             {""},
                                             {"--data-directory"}}) {
    const auto line = ParseCommandLine(arguments);
    EXPECT_EQ(errors::ErrorId(line.status()), "lifecycle.command_line_invalid")
        << testing::PrintToString(arguments);
  }
}

TEST(CommandLine, TheUsageNamesEveryWord) {
  for (const char* word :
       {"--config", "--data-directory", "--version", "--help", "migrate", "check-config"}) {
    EXPECT_THAT(UsageText("ledger"), testing::HasSubstr(word));
  }
}

}  // namespace
}  // namespace quartermaster
