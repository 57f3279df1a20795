#include "services/common/postgres_host/binaries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/common/errors/error.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void Install(const std::string& directory, std::vector<std::string> programs = {"initdb", "postgres"}) {
  std::filesystem::create_directories(directory);
  for (const std::string& program : programs) {
    std::ofstream(directory + "/" + program) << "#!";
    chmod((directory + "/" + program).c_str(), 0755);
  }
}

TEST(BinariesTest, TheNewestVersionComesFirstByNumberAndPathComesLast) {
  testing::ScratchDirectory scratch;
  const std::string root = scratch.path() + "/postgresql";
  Install(root + "/9/bin");
  Install(root + "/15/bin");
  Install(root + "-16/bin");
  Install(scratch.path() + "/elsewhere");
  EXPECT_THAT(
      BinaryDirectories({root}, "/nonexistent:" + scratch.path() + "/elsewhere"),
      ElementsAre(root + "-16/bin", root + "/15/bin", root + "/9/bin", scratch.path() + "/elsewhere"));
}

TEST(BinariesTest, AClientOnlyInstallationIsNone) {
  testing::ScratchDirectory scratch;
  Install(scratch.path() + "/postgresql/15/bin", {"psql", "initdb"});
  EXPECT_THAT(BinaryDirectories({scratch.path() + "/postgresql"}, ""), IsEmpty());
}

TEST(BinariesTest, AConfiguredDirectoryMustHoldTheServer) {
  testing::ScratchDirectory scratch;
  Install(scratch.path() + "/bin");
  EXPECT_EQ(*FindBinaryDirectory(scratch.path() + "/bin", 0), scratch.path() + "/bin");
  const absl::Status status = FindBinaryDirectory("/nonexistent", 0).status();
  EXPECT_EQ(errors::ErrorId(status), "postgres_host.binaries_not_found");
  EXPECT_EQ(status.message(),
            "binary_directory: got \"/nonexistent\", want a directory with initdb and postgres");
}

TEST(BinariesTest, AClusterOfAnotherVersionNeedsItsOwnBinaries) {
  const auto any = FindBinaryDirectory("", 0);
  ASSERT_TRUE(any.ok()) << any.status();
  const auto ancient = FindBinaryDirectory("", 7);
  // A directory of PATH may be of any version; the versioned places are not of version 7.
  if (ancient.ok()) {
    EXPECT_FALSE(ancient->starts_with("/usr/lib/postgresql"));
  } else {
    EXPECT_EQ(errors::ErrorId(ancient.status()), "postgres_host.binaries_not_found");
  }
}

}  // namespace
}  // namespace quartermaster::postgres_host
