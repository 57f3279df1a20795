#include "services/common/postgres_host/socket_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/common/errors/error.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

class SocketDirectoryTest : public ::testing::Test {
 protected:
  // A data directory whose own path leaves no room for a socket's.
  std::string LongDataDirectory() {
    const std::string directory = scratch_.path() + "/" + std::string(90, 'd');
    std::filesystem::create_directory(directory);
    return directory;
  }
  testing::ScratchDirectory scratch_;
  const OsUser self_ = *UserById(geteuid());
};

TEST_F(SocketDirectoryTest, PathsUpTo107BytesFit) {
  EXPECT_TRUE(SocketPathFits(std::string(107 - 14, 'x')));
  EXPECT_FALSE(SocketPathFits(std::string(108 - 14, 'x')));
}

TEST_F(SocketDirectoryTest, AShortDataDirectoryHoldsItItself) {
  const auto directory = MakeSocketDirectory(scratch_.path(), self_);
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ(*directory, scratch_.path() + "/run");
  struct stat info;
  ASSERT_EQ(stat(directory->c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700);
  EXPECT_EQ(*MakeSocketDirectory(scratch_.path(), self_), *directory);
}

TEST_F(SocketDirectoryTest, ALongDataDirectoryGetsAShortOneThatItRemembers) {
  const std::string data = LongDataDirectory();
  const auto directory = MakeSocketDirectory(data, self_);
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_TRUE(SocketPathFits(*directory)) << *directory;
  EXPECT_EQ(*MakeSocketDirectory(data, self_), *directory);
  // Gone after a restart of the machine: made again under the same name.
  std::filesystem::remove(*directory);
  EXPECT_EQ(*MakeSocketDirectory(data, self_), *directory);
  EXPECT_TRUE(std::filesystem::is_directory(*directory));
  std::filesystem::remove(*directory);
}

TEST_F(SocketDirectoryTest, WhatSomebodyElsePutThereIsNotUsed) {
  const std::string data = LongDataDirectory();
  const std::string link = scratch_.path() + "/link";
  std::filesystem::create_directory_symlink("/tmp", link);
  std::ofstream(data + "/postgres.socket_directory") << link << "\n";
  const auto directory = MakeSocketDirectory(data, self_);
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_NE(*directory, link);
  std::filesystem::remove(*directory);

  std::ofstream(scratch_.path() + "/run") << "a file";
  EXPECT_EQ(errors::ErrorId(MakeSocketDirectory(scratch_.path(), self_).status()),
            "postgres_host.data_directory_unusable");
}

}  // namespace
}  // namespace quartermaster::postgres_host
