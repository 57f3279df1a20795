#include "services/common/postgres_host/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "services/common/errors/error.h"
#include "services/common/testing/scratch_directory.h"

namespace quartermaster::postgres_host {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ChildProcessTest : public ::testing::Test {
 protected:
  Command Of(std::vector<std::string> argv) {
    return {.argv = std::move(argv),
            .user = *UserById(geteuid()),
            .working_directory = scratch_.path(),
            .output_file = Output()};
  }
  std::string Output() { return scratch_.path() + "/output"; }
  // What the program printed.
  std::string Run(std::vector<std::string> argv) {
    const absl::Status status = RunToEnd(Of(std::move(argv)));
    EXPECT_TRUE(status.ok()) << status;
    return TailOf(Output());
  }
  testing::ScratchDirectory scratch_;
};

TEST_F(ChildProcessTest, ArgumentsArriveAsTheyAreWithoutAShell) {
  EXPECT_EQ(Run({"/usr/bin/printf", "%s|", "a b", "$HOME", "*", ""}), "a b|$HOME|*||");
}

TEST_F(ChildProcessTest, TheEnvironmentIsNotInherited) {
  setenv("PGDATA", "/somewhere", 1);
  setenv("SECRET", "x", 1);
  const std::string environment = Run({"/usr/bin/env"});
  EXPECT_THAT(environment, HasSubstr("LC_ALL=C"));
  EXPECT_THAT(environment, Not(HasSubstr("PGDATA")));
  EXPECT_THAT(environment, Not(HasSubstr("SECRET")));
}

TEST_F(ChildProcessTest, TheChildHasItsOwnSessionAndDefaultSignals) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto handler_before = signal(SIGINT, SIG_IGN);
  const std::string status = Run({"/bin/cat", "/proc/self/status"});
  signal(SIGINT, handler_before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  // But for signals 32 and 33, which the C library keeps for itself and some parents leave ignored.
  EXPECT_THAT(status, AnyOf(HasSubstr("SigIgn:\t0000000000000000"), HasSubstr("SigIgn:\t0000000180000000")));
  EXPECT_THAT(status, HasSubstr("Umask:\t0077"));

  const auto pid = Spawn(Of({"/bin/sleep", "60"}));
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_EQ(getsid(*pid), *pid);
  kill(*pid, SIGKILL);
  waitpid(*pid, nullptr, 0);
}

TEST_F(ChildProcessTest, OurFilesAreNotInherited) {
  // On purpose without O_CLOEXEC.
  const int fd = open("/etc/passwd", O_RDONLY);
  EXPECT_THAT(Run({"/bin/ls", "-l", "/proc/self/fd"}), Not(HasSubstr("passwd")));
  close(fd);
}

TEST_F(ChildProcessTest, AProgramThatCannotBeStartedIsNamedWithTheStep) {
  const absl::Status missing = RunToEnd(Of({"/nonexistent/initdb"}));
  EXPECT_EQ(errors::ErrorId(missing), "postgres_host.start_failed");
  EXPECT_THAT(std::string(missing.message()), HasSubstr("run program: No such file or directory"));
  Command elsewhere = Of({"/bin/true"});
  elsewhere.working_directory = "/nonexistent";
  EXPECT_THAT(std::string(RunToEnd(elsewhere).message()),
              HasSubstr("in /nonexistent: enter directory: No such file or directory"));
}

TEST_F(ChildProcessTest, AFailureCarriesTheCodeAndWhatWasSaid) {
  const absl::Status status = RunToEnd(Of({"/bin/ls", "/nonexistent"}));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/bin/ls: ended with code 2: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot access '/nonexistent'"));
}

TEST_F(ChildProcessTest, RootStartsItAsAnotherUserWithNothingOfRootLeft) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may change users";
  Command command = Of({"/bin/cat", "/proc/self/status"});
  command.user = *UserByName("nobody");
  command.working_directory = "/";
  ASSERT_TRUE(RunToEnd(command).ok());
  const std::string uid = std::to_string(command.user.uid);
  const std::string status = TailOf(Output());
  EXPECT_THAT(status, HasSubstr("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid));
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("Groups:\t" + std::to_string(command.user.gid)));
}

}  // namespace
}  // namespace quartermaster::postgres_host
