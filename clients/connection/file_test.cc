#include "clients/connection/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "services/common/errors/error.h"

namespace quartermaster::client {
namespace {

std::string TestPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

TEST(FileTest, WhatWasWrittenIsReadBackByteForByte) {
  const std::string path = TestPath("bytes");
  const std::string bytes("a\0b\r\n\xff", 6);
  ASSERT_TRUE(WriteFileAtomically(path, bytes, 0600).ok());
  EXPECT_EQ(ReadFile(path).value(), bytes);
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(FileTest, WritingLeavesNothingBesideTheFile) {
  const std::string folder = TestPath("folder");
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(WriteFileAtomically(folder + "/a", "one").ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/a", "two").ok());
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1);
  EXPECT_EQ(ReadFile(folder + "/a").value(), "two");
}

TEST(FileTest, AnAbsentFileIsUnreadableByNameAndReason) {
  const auto result = ReadFile("/nowhere/at/all");
  EXPECT_EQ(errors::ErrorId(result.status()), "client.file_unreadable");
  EXPECT_EQ(result.status().message(), "/nowhere/at/all: No such file or directory");
}

TEST(FileTest, AFolderIsUnreadable) {
  EXPECT_EQ(errors::ErrorId(ReadFile(::testing::TempDir()).status()), "client.file_unreadable");
}

TEST(FileTest, AFileAboveTheLimitIsRefused) {
  const std::string path = TestPath("large");
  ASSERT_TRUE(WriteFileAtomically(path, std::string(1001, 'x')).ok());
  EXPECT_FALSE(ReadFile(path, 1000).ok());
  EXPECT_TRUE(ReadFile(path, 1001).ok());
}

TEST(FileTest, AFolderThatIsAbsentCannotBeWrittenTo) {
  EXPECT_EQ(errors::ErrorId(WriteFileAtomically("/nowhere/at/all", "x")), "client.file_unwritable");
}

}  // namespace
}  // namespace quartermaster::client
