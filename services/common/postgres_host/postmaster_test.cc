#include "services/common/postgres_host/postmaster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/common/postgres_host/child_process.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

TEST(PostmasterTest, ReadsWhatTheServerWrites) {
  const auto file = ParsePidFile(
      "4711\n/var/lib/quartermaster/postgres\n1700000000\n5432\n/var/lib/quartermaster/run\n\n"
      "    1234         0\nready   \n");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->pid, 4711);
  EXPECT_EQ(file->data_directory, "/var/lib/quartermaster/postgres");
  EXPECT_EQ(file->socket_directory, "/var/lib/quartermaster/run");
}

TEST(PostmasterTest, AFileThatIsNotCompleteNamesNobody) {
  for (const char* text : {"", "4711", "4711\n/data\n", "x\n/data\n1\n5432\n/run\n",
                           "-4711\n/data\n1\n5432\n/run\n", "1\n/data\n1\n5432\n/run\n"}) {
    EXPECT_FALSE(ParsePidFile(text).has_value()) << text;
  }
}

TEST(PostmasterTest, AProcessThatWorksElsewhereIsNotTheServer) {
  testing::ScratchDirectory scratch;
  // What an old file looks like whose number another process, here this one, got since.
  std::ofstream(scratch.path() + "/postmaster.pid") << getpid() << "\n"
                                                    << scratch.path() << "\n1\n5432\n/run\n";
  EXPECT_FALSE(RunningPostmaster(scratch.path()).has_value());
  EXPECT_FALSE(IsRunning(getpid(), scratch.path()));
  EXPECT_FALSE(AnyoneWorksIn(scratch.path()));
}

TEST(PostmasterTest, AProcessRunsUntilItHasEndedAndWasReaped) {
  testing::ScratchDirectory scratch;
  const auto pid = Spawn({.argv = {"/bin/sleep", "60"},
                          .user = *UserById(geteuid()),
                          .working_directory = scratch.path(),
                          .output_file = scratch.path() + "/output"});
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_TRUE(IsRunning(*pid, scratch.path()));
  EXPECT_TRUE(AnyoneWorksIn(scratch.path()));
  EXPECT_FALSE(AwaitExit(*pid, scratch.path(), absl::Milliseconds(50)));
  kill(*pid, SIGKILL);
  EXPECT_TRUE(AwaitExit(*pid, scratch.path(), absl::Seconds(10)));
  EXPECT_FALSE(AnyoneWorksIn(scratch.path()));
  EXPECT_NE(kill(*pid, 0), 0) << "left as a zombie";
}

}  // namespace
}  // namespace quartermaster::postgres_host
