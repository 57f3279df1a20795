// RunProcess as an operator sees it: real processes, a real PostgreSQL, signals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "absl/time/clock.h"
#include "quartermaster/gateway/v1/gateway.grpc.pb.h"
#include "services/common/lifecycle/exit_code.h"
#include "services/common/rpc/client.h"

namespace quartermaster {
namespace {

namespace fs = std::filesystem;
using gateway::v1::GetNodeRequest;
using gateway::v1::Node;
using gateway::v1::NodeService;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Whether `condition` becomes true in time; slow machines get plenty of it.
template <typename Condition>
bool Soon(Condition condition, absl::Duration patience = absl::Seconds(60)) {
  const absl::Time give_up = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return true;
}

// One node directory, in which processes are started one after the other.
class RunProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/qm-lifecycle-XXXXXX";
    directory_ = mkdtemp(name);
    // A node that runs as root starts PostgreSQL as another user, who must get here.
    chmod(name, 0755);
    WriteConfig("");
    notice_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (directory_ / "notify").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(notice_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  void TearDown() override {
    if (process_ > 0) {
      kill(process_, SIGTERM);
      if (!WaitForEnd(absl::Seconds(60)).has_value()) kill(process_, SIGKILL);
    }
    if (const pid_t postmaster = Postmaster(); postmaster > 0) {
      kill(postmaster, SIGQUIT);
      Soon([&] { return Postmaster() == 0; });
    }
    close(notice_);
    if (HasFailure()) fprintf(stderr, "%s\n", Log().c_str());
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  void WriteConfig(const std::string& more) {
    std::ofstream(directory_ / "node.yaml")
        << "data_directory: data\n"
        << "database: {embedded: {shared_buffers: 16 MiB, connections_max: 30}}\n"
        << "services: {ledger: {listen: \"127.0.0.1:" << grpc_port_ << "\"}}\n"
        << "metrics: {listen: \"127.0.0.1:" << http_port_ << "\"}\n"
        << more;
  }

  void Start(const std::vector<std::string>& extra_arguments = {},
             const std::vector<std::string>& environment = {}) {
    std::vector<std::string> arguments = {"services/common/lifecycle/toy_process", "--config",
                                          (directory_ / "node.yaml").string()};
    arguments.insert(arguments.end(), extra_arguments.begin(), extra_arguments.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string log = (directory_ / "log").string();
    const std::string notify = (directory_ / "notify").string();
    process_ = fork();
    if (process_ == 0) {
      const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      dup2(out, 1);
      dup2(out, 2);
      setenv("NOTIFY_SOCKET", notify.c_str(), 1);
      for (const std::string& variable : environment) setenv(variable.c_str(), "1", 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }

  // The exit code, or 256 + signal; nothing when it still runs after `patience`.
  std::optional<int> WaitForEnd(absl::Duration patience = absl::Seconds(60)) {
    int status = 0;
    if (!Soon([&] { return waitpid(process_, &status, WNOHANG) == process_; }, patience)) return {};
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  }

  std::optional<int> Stop() {
    kill(process_, SIGTERM);
    return WaitForEnd();
  }

  // Starts and waits until systemd would know.
  void StartUntilReady() {
    Start();
    ASSERT_TRUE(Soon([&] { return Notices().find("READY=1") != std::string::npos; }));
  }

  std::string Notices() {
    char buffer[256];
    ssize_t size = 0;
    while ((size = recv(notice_, buffer, sizeof(buffer), 0)) > 0) {
      notices_.append(buffer, static_cast<size_t>(size)).append("\n");
    }
    return notices_;
  }

  std::string Log() const { return ReadFile(directory_ / "log"); }

  // 0 when no server runs in the data directory.
  pid_t Postmaster() const {
    pid_t pid = 0;
    std::ifstream(directory_ / "data/postgres/postmaster.pid") >> pid;
    return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
  }

  std::string Get(const std::string& target) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    boost::system::error_code error;
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), static_cast<uint16_t>(http_port_)}, error);
    if (error) return "";
    const std::string request = "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(request), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
  }

  bool IsReady() { return Get("/readyz").starts_with("HTTP/1.1 200"); }

  absl::StatusOr<Node> GetNode(absl::Duration patience = absl::Seconds(60)) {
    const auto channel = rpc::MakeChannel({.address = "127.0.0.1:" + std::to_string(grpc_port_)});
    auto stub = NodeService::NewStub(*channel);
    Node node;
    const absl::Status status = rpc::CallWithRetry(
        {.deadline = patience, .caller = {.actor = "tester"}},
        [&](grpc::ClientContext& context) { return stub->GetNode(&context, GetNodeRequest(), &node); });
    if (!status.ok()) return status;
    return node;
  }

  const int grpc_port_ = FreePort();
  const int http_port_ = FreePort();
  fs::path directory_;
  int notice_ = -1;
  std::string notices_;
  pid_t process_ = -1;
};

TEST_F(RunProcessTest, ServesUntilItIsAskedToStopAndTakesItsDatabaseAlong) {
  StartUntilReady();
  EXPECT_TRUE(Soon([&] { return IsReady(); }));
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get("/metrics"), AllOf(HasSubstr("quartermaster_service_healthy{service=\"ledger\"} 1\n"),
                                     HasSubstr("quartermaster_build_info{version="),
                                     HasSubstr("quartermaster_process_resident_bytes "),
                                     HasSubstr("quartermaster_database_synchronous_standby 0\n")));
  const auto node = GetNode();
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_GT(node->schema_version(), 0);
  EXPECT_GT(Postmaster(), 0);

  EXPECT_EQ(Stop(), kExitOk);
  EXPECT_THAT(Notices(), HasSubstr("STOPPING=1"));
  EXPECT_EQ(Postmaster(), 0);
  EXPECT_FALSE(GetNode(absl::Milliseconds(300)).ok());
  // Every line is JSON, and the handler's carries the id that the caller sent.
  bool found = false;
  std::istringstream lines(Log());
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_FALSE(json.is_discarded()) << line;
    found = found || (json["message"] == "asked" && json["actor"] == "tester" &&
                      json["request_id"] == node->version());
  }
  EXPECT_TRUE(found);
}

TEST_F(RunProcessTest, BringsAKilledDatabaseBack) {
  StartUntilReady();
  const pid_t first = Postmaster();
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  EXPECT_TRUE(Soon([&] { return Postmaster() != 0 && Postmaster() != first; }));
  const auto node = GetNode();
  EXPECT_TRUE(node.ok()) << node.status();
  EXPECT_TRUE(Soon([&] { return IsReady(); }));
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(RunProcessTest, AdoptsTheDatabaseThatAKilledProcessLeft) {
  StartUntilReady();
  const pid_t postmaster = Postmaster();
  kill(process_, SIGKILL);
  EXPECT_EQ(WaitForEnd(), 256 + SIGKILL);
  notices_.clear();
  StartUntilReady();
  EXPECT_EQ(Postmaster(), postmaster);
  EXPECT_TRUE(GetNode().ok());
  EXPECT_EQ(Stop(), kExitOk);
  EXPECT_EQ(Postmaster(), 0);
}

TEST_F(RunProcessTest, AServiceThatCannotStartEndsTheProcessAndUndoesTheRest) {
  Start({}, {"TOY_FAILS"});
  EXPECT_EQ(WaitForEnd(), kExitFailed);
  EXPECT_THAT(Log(), HasSubstr("told to fail"));
  EXPECT_EQ(Notices().find("READY=1"), std::string::npos);
  EXPECT_EQ(Postmaster(), 0);
}

TEST_F(RunProcessTest, ASecondSignalEndsAStopThatHangs) {
  Start({}, {"TOY_STOP_HANGS"});
  ASSERT_TRUE(Soon([&] { return Notices().find("READY=1") != std::string::npos; }));
  kill(process_, SIGTERM);
  ASSERT_TRUE(Soon([&] { return Notices().find("STOPPING=1") != std::string::npos; }));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_FALSE(WaitForEnd(absl::Milliseconds(500)).has_value());
  kill(process_, SIGINT);
  EXPECT_EQ(WaitForEnd(), kExitFailed);
}

TEST_F(RunProcessTest, WaitingForADatabaseThatIsAwayCanBeInterrupted) {
  WriteConfig("");
  std::ofstream(directory_ / "node.yaml")
      << "data_directory: data\n"
      << "database: {external: {connection_string: \"host=127.0.0.1 port=" << FreePort() << " dbname=x\"}}\n"
      << "metrics: {listen: \"127.0.0.1:" << http_port_ << "\"}\n";
  Start();
  ASSERT_TRUE(Soon([&] { return Log().find("waiting for the database") != std::string::npos; }));
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("starting: database")));
  EXPECT_EQ(Stop(), kExitOk);
}

TEST_F(RunProcessTest, ATakenPortIsAnErrorThatNamesIt) {
  const auto taken = std::to_string(http_port_);
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor other(
      context, {boost::asio::ip::make_address("127.0.0.1"), static_cast<uint16_t>(http_port_)});
  Start();
  EXPECT_EQ(WaitForEnd(), kExitFailed);
  EXPECT_THAT(Log(), HasSubstr("127.0.0.1:" + taken));
}

TEST_F(RunProcessTest, MistakesOfTheConfigurationAreShownAndNothingIsStarted) {
  WriteConfig("log: {level: loud}\n");
  Start({"check-config"});
  EXPECT_EQ(WaitForEnd(), kExitConfiguration);
  EXPECT_THAT(Log(), HasSubstr("node.yaml:5: log.level: got \"loud\", want one of"));
  Start();
  EXPECT_EQ(WaitForEnd(), kExitConfiguration);
  EXPECT_FALSE(fs::exists(directory_ / "data"));
}

TEST_F(RunProcessTest, CheckConfigOpensTheFilesThatTheConfigurationNames) {
  WriteConfig("internal_tls: {certificate_file: /nowhere/c.pem, key_file: /nowhere/k.pem}\n");
  Start({"check-config"});
  EXPECT_EQ(WaitForEnd(), kExitConfiguration);
  EXPECT_THAT(Log(), HasSubstr("internal_tls: "));
  EXPECT_THAT(Log(), HasSubstr("/nowhere/c.pem"));
  EXPECT_FALSE(fs::exists(directory_ / "data"));
}

TEST_F(RunProcessTest, CommandsThatServeNothingEndByThemselves) {
  Start({"check-config"});
  EXPECT_EQ(WaitForEnd(), kExitOk);
  Start({"--version"});
  EXPECT_EQ(WaitForEnd(), kExitOk);
  Start({"--password=hunter2"});
  EXPECT_EQ(WaitForEnd(), kExitUsage);
  EXPECT_THAT(Log(), HasSubstr("usage: allinone"));
  EXPECT_FALSE(fs::exists(directory_ / "data"));
  Start({"--data-directory", (directory_ / "elsewhere").string(), "migrate"});
  EXPECT_EQ(WaitForEnd(), kExitOk);
  EXPECT_TRUE(fs::exists(directory_ / "elsewhere/postgres/PG_VERSION"));
  EXPECT_FALSE(fs::exists(directory_ / "data"));
}

}  // namespace
}  // namespace quartermaster
