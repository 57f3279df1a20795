#include "services/common/metrics/http_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "services/common/errors/error.h"

namespace quartermaster::metrics {
namespace {

using boost::asio::ip::tcp;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const GaugeSpec kAnswer = DeclareGauge("quartermaster_test_answer", "The answer.");

class HttpListenerTest : public testing::Test {
 protected:
  void Listen(const std::string& token = "") {
    registry_.Get(kAnswer).Set(42);
    auto listener = HttpListener::Start(
        &registry_, {.address = "127.0.0.1:0", .bearer_token = log::Secret(token), .readiness = [this] {
                       return std::vector<ServiceReadiness>{{"ledger", ledger_}, {"ingest", {}}};
                     }});
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }

  tcp::socket Connect() {
    tcp::socket socket(context_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), listener_->port()});
    return socket;
  }

  // Sends `text` and reads until the server closes.
  std::string Exchange(const std::string& text) {
    tcp::socket socket = Connect();
    boost::asio::write(socket, boost::asio::buffer(text));
    std::string answer;
    boost::system::error_code ignored;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
    return answer;
  }

  std::string Get(const std::string& target, const std::string& headers = "") {
    return Exchange("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
  }

  Registry registry_;
  absl::Status ledger_;
  std::unique_ptr<HttpListener> listener_;
  boost::asio::io_context context_;
};

TEST_F(HttpListenerTest, ShowsTheRegistry) {
  Listen();
  EXPECT_THAT(Get("/metrics"), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("text/plain; version=0.0.4"),
                                     HasSubstr("\nquartermaster_test_answer 42\n")));
}

TEST_F(HttpListenerTest, IsHealthyWhileItRunsAndReadyWhileEveryServiceIs) {
  Listen();
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("ledger: ok\n")));
  ledger_ = absl::UnavailableError("database away");
  EXPECT_THAT(Get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("ledger: database away\ningest: ok\n")));
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpListenerTest, OnlyMetricsNeedTheToken) {
  Listen("t0ken");
  EXPECT_THAT(Get("/metrics"), AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate: Bearer"),
                                     Not(HasSubstr("quartermaster_test_answer"))));
  EXPECT_THAT(Get("/metrics", "Authorization: Bearer t0keN\r\n"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(Get("/metrics", "Authorization: Bearer t0ken\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpListenerTest, RefusesEverythingElse) {
  Listen();
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/metrics/../etc"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Exchange("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Length: 0\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")));
}

TEST_F(HttpListenerTest, HeadHasNoBody) {
  Listen();
  EXPECT_THAT(Exchange("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("answer 42"))));
}

TEST_F(HttpListenerTest, BadOrOversizedRequestsAreCut) {
  Listen();
  EXPECT_EQ(Exchange("nonsense\r\n\r\n"), "");
  EXPECT_EQ(Exchange("GET /metrics HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), "");
  EXPECT_EQ(Exchange("POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\nsome body"), "");
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpListenerTest, IdleConnectionsCannotKeepTheScraperOutForLong) {
  Listen();
  std::vector<tcp::socket> idle;
  for (int i = 0; i < 100; ++i) idle.push_back(Connect());
  std::string answer;
  for (int i = 0; i < 150 && answer.empty(); ++i) {
    try {
      answer = Get("/healthz");
    } catch (const boost::system::system_error&) {
      // closed at once: all places are taken
    }
    if (answer.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpListenerTest, AnAddressThatIsTakenOrWrongIsAnError) {
  Listen();
  const auto options = [](const std::string& address) {
    return HttpListenerOptions{.address = address,
                               .readiness = [] { return std::vector<ServiceReadiness>(); }};
  };
  const auto taken =
      HttpListener::Start(&registry_, options("127.0.0.1:" + std::to_string(listener_->port())));
  EXPECT_EQ(errors::ErrorId(taken.status()), "metrics.cannot_listen");
  EXPECT_FALSE(HttpListener::Start(&registry_, options("203.0.113.1:9100")).ok());
  EXPECT_FALSE(HttpListener::Start(&registry_, options("9100")).ok());
}

}  // namespace
}  // namespace quartermaster::metrics
