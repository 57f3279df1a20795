#include "services/common/lifecycle/systemd_notice.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

namespace quartermaster {
namespace {

// A socket under `name`, as systemd makes one ("@" stands for the leading NUL).
int Listen(std::string name) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  if (name[0] == '@') name[0] = '\0';
  name.copy(address.sun_path, sizeof(address.sun_path));
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)), 0);
  return fd;
}

std::string Received(int fd) {
  char buffer[100];
  const ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
  return size < 0 ? "nothing" : std::string(buffer, static_cast<size_t>(size));
}

TEST(SystemdNotice, ReachesASocketInTheFileSystemAndAnAbstractOne) {
  const std::string suffix = std::to_string(getpid());
  for (const std::string& name : {"/tmp/qm-notice-" + suffix, "@qm-notice-" + suffix}) {
    const int fd = Listen(name);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    EXPECT_TRUE(NotifySystemd("READY=1")) << name;
    EXPECT_EQ(Received(fd), "READY=1") << name;
    close(fd);
    unlink(name.c_str());
  }
}

TEST(SystemdNotice, WithoutSystemdNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(NotifySystemd("READY=1"));
  setenv("NOTIFY_SOCKET", "/absent/socket", 1);
  EXPECT_FALSE(NotifySystemd("READY=1"));
  setenv("NOTIFY_SOCKET", "relative", 1);
  EXPECT_FALSE(NotifySystemd("READY=1"));
}

}  // namespace
}  // namespace quartermaster
