#include "services/gateway/rest/rest_listener.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/testing/eventually.h"
#include "services/gateway/testing/rest_door.h"

namespace quartermaster::gateway {
namespace {

using nlohmann::json;

class RestListenerTest : public ::testing::Test {
 protected:
  RestDoor door_;
};

TEST_F(RestListenerTest, AQueryBecomesARequestAndItsAnswerJson) {
  const auto response = door_.Call(
      "GET /quartermaster/v1/compliance?smartAccount=corp&virtualAccount=North%20East&"
      "asOf=2026-05-01T00:00:00Z",
      kAdministratorToken);
  EXPECT_EQ(response.result_int(), 200u);
  EXPECT_EQ(response["Content-Type"], "application/json");
  const json body = json::parse(response.body());
  EXPECT_EQ(body["smartAccount"], "corp");
  EXPECT_EQ(body["status"], "COMPLIANCE_STATUS_OUT");
  EXPECT_EQ(body["asOf"], "2026-05-01T00:00:00Z");
  EXPECT_EQ(body["pools"][0]["virtualAccount"], "North East");
  EXPECT_EQ(body["pools"][0]["inUse"], "0");
}

TEST_F(RestListenerTest, PathsAndBodiesBecomeRequestsToo) {
  const auto report = door_.Call("GET /quartermaster/v1/usage/12-3", kAdministratorToken);
  EXPECT_EQ(json::parse(report.body())["summary"]["name"], "12-3");
  const auto submitted =
      door_.Call("POST /quartermaster/v1/usage:submit", kDeviceToken,
                 R"({"smartAccount":"a","document":"PHg+"})", "Content-Type: application/json\r\n");
  EXPECT_EQ(json::parse(submitted.body())["results"][0]["message"], "a||<x>");
}

TEST_F(RestListenerTest, ARawDocumentIsSubmittedAsItIs) {
  for (const char* type : {"application/xml", "application/octet-stream"}) {
    const auto response =
        door_.Call("POST /quartermaster/v1/usage:submit?smartAccount=a&virtualAccount=b", kDeviceToken,
                   "<RUMReport/>", absl::StrCat("Content-Type: ", type, "\r\n"));
    EXPECT_EQ(response.result_int(), 200u);
    EXPECT_EQ(json::parse(response.body())["results"][0]["message"], "a|b|<RUMReport/>") << type;
  }
}

TEST_F(RestListenerTest, EveryRouteIsRefusedWithoutACredentialAndOpenToItsRolesOnly) {
  HttpsClient client = door_.Connect();
  for (const Route& route : door_.routes.routes()) {
    std::string path = route.path.text();
    if (path.find('{') != std::string::npos) path = "/quartermaster/v1/usage/1-1";
    const std::string line = route.http_method + " " + path;
    const std::string body = route.http_method == "POST" ? "{}" : "";
    for (const char* bad : {"", "administrator.wrong", "nobody.right-secret", "revoked.right-secret"}) {
      // A body that stays unread ends the connection.
      const auto response = door_.Call(line, bad, body);
      EXPECT_EQ(response.result_int(), 401u) << line;
      EXPECT_EQ(RestDoor::Reason(response), "gateway.unauthenticated");
      EXPECT_EQ(response["WWW-Authenticate"], "Bearer realm=\"quartermaster\"");
    }
    for (const auto& [token, role] :
         {std::pair(kAdministratorToken, Role::kAdministrator), std::pair(kDeviceToken, Role::kDevice)}) {
      const int64_t before = door_.door.backend.calls();
      const auto response = door_.Call(line, token, body);
      const bool allowed = Allows(route.method->roles, role);
      EXPECT_EQ(response.result_int(), allowed ? 200u : 403u) << line << " " << response.body();
      EXPECT_EQ(door_.door.backend.calls() - before, allowed ? 1 : 0) << line;
    }
  }
}

TEST_F(RestListenerTest, FieldsThatLookLikeOursCannotBeSmuggledIn) {
  const auto response = door_.Call("GET /quartermaster/v1/usage/1-1", kAdministratorToken, "",
                                   "X-Qm-Actor: root\r\nX-QM-ROLE: emperor\r\n"
                                   "X-Qm-Smart-Account: other\r\nGrpc-Metadata-X-Qm-Actor: root\r\n"
                                   "X-Request-Id: my-id\r\n");
  EXPECT_EQ(response.result_int(), 200u);
  EXPECT_EQ(response["X-Request-Id"], "my-id");
  const SeenCall seen = door_.door.backend.last_call();
  EXPECT_EQ(seen.Count("x-qm-actor-bin"), 1u);
  EXPECT_EQ(seen.Value("x-qm-actor-bin"), "administrator");
  EXPECT_EQ(seen.Value("x-qm-role"), "administrator");
  EXPECT_EQ(seen.Value("x-qm-smart-account-bin"), "corp.example.com");
  EXPECT_EQ(seen.Value("x-request-id"), "my-id");
}

TEST_F(RestListenerTest, ErrorsFromBehindKeepTheirReason) {
  const auto post = [&](const char* document) {
    return door_.Call("POST /quartermaster/v1/usage:submit", kDeviceToken, document,
                      "Content-Type: application/xml\r\n");
  };
  const auto failed = post("fail");
  EXPECT_EQ(failed.result_int(), 400u);
  EXPECT_EQ(RestDoor::Reason(failed), "toy.failure");
  EXPECT_EQ(json::parse(failed.body())["error"]["status"], "FAILED_PRECONDITION");
  const auto busy = post("busy");
  EXPECT_EQ(busy.result_int(), 429u);
  EXPECT_EQ(busy["Retry-After"], "7");
  const auto vanished = post("vanish");
  EXPECT_EQ(vanished.result_int(), 503u);
  EXPECT_EQ(RestDoor::Reason(vanished), "gateway.service_unavailable");
  EXPECT_EQ(vanished["Retry-After"], "1");
}

TEST_F(RestListenerTest, WhatDoesNotExistIsSaidPrecisely) {
  EXPECT_EQ(RestDoor::Reason(door_.Call("GET /nothing", kAdministratorToken)), "gateway.route_unknown");
  const auto wrong = door_.Call("DELETE /quartermaster/v1/smartAccounts", kAdministratorToken);
  EXPECT_EQ(wrong.result_int(), 405u);
  EXPECT_TRUE(wrong["Allow"] == "GET, POST" || wrong["Allow"] == "POST, GET") << wrong["Allow"];
  EXPECT_EQ(door_
                .Call("POST /quartermaster/v1/smartAccounts", kAdministratorToken, "x",
                      "Content-Type: application/x-www-form-urlencoded\r\n")
                .result_int(),
            415u);
}

TEST_F(RestListenerTest, HealthReadinessAndVersionNeedNoCredential) {
  EXPECT_EQ(door_.Call("GET /healthz", "").body(), "ok\n");
  EXPECT_EQ(door_.Call("GET /readyz?x=1", "").result_int(), 200u);
  EXPECT_EQ(door_.Call("GET /version", "").body(), "{\"version\":\"1.2.3\"}");
  door_.not_ready = "ledger: away\n";
  const auto not_ready = door_.Call("GET /readyz", "");
  EXPECT_EQ(not_ready.result_int(), 503u);
  EXPECT_EQ(not_ready.body(), "ledger: away\n");
  EXPECT_EQ(door_.Call("POST /healthz", "").result_int(), 401u);
}

TEST_F(RestListenerTest, RequestsFollowEachOtherOnOneConnection) {
  HttpsClient client = door_.Connect();
  for (int i = 0; i < 20; ++i) {
    const std::string name = absl::StrCat("1-", i);
    ASSERT_TRUE(client.Send(
        RestDoor::Request(absl::StrCat("GET /quartermaster/v1/usage/", name), kAdministratorToken)));
    EXPECT_EQ(json::parse(client.Read().body())["summary"]["name"], name);
  }
}

TEST_F(RestListenerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  HttpsClient client = door_.Connect();
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text +=
        RestDoor::Request(absl::StrCat("POST /quartermaster/v1/usage:submit?virtualAccount=", i),
                          kDeviceToken, absl::StrCat("document ", i), "Content-Type: application/xml\r\n");
  }
  ASSERT_TRUE(client.Send(text));
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(json::parse(client.Read().body())["results"][0]["message"],
              absl::StrCat("|", i, "|document ", i));
  }
}

TEST_F(RestListenerTest, ABodyMayComeInChunks) {
  HttpsClient client = door_.Connect();
  client.Send(
      absl::StrCat("POST /quartermaster/v1/usage:submit HTTP/1.1\r\nHost: a\r\n"
                   "Content-Type: application/xml\r\nTransfer-Encoding: chunked\r\n"
                   "Authorization: Bearer ",
                   kDeviceToken, "\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"));
  EXPECT_EQ(json::parse(client.Read().body())["results"][0]["message"], "||abcdefg");
  client.Send(RestDoor::Request("GET /quartermaster/v1/usage/1-1", kAdministratorToken));
  EXPECT_EQ(client.Read().result_int(), 200u);
}

TEST_F(RestListenerTest, AClientThatAsksFirstIsToldToContinue) {
  HttpsClient client = door_.Connect();
  client.Send(
      absl::StrCat("POST /quartermaster/v1/usage:submit HTTP/1.1\r\nHost: a\r\n"
                   "Content-Type: application/xml\r\nContent-Length: 3\r\n"
                   "Expect: 100-continue\r\nAuthorization: Bearer ",
                   kDeviceToken, "\r\n\r\n"));
  EXPECT_EQ(client.ReadHeaderCode(), 100);
  client.Send("abc");
  EXPECT_EQ(client.Read().result_int(), 200u);
}

TEST_F(RestListenerTest, BodiesThatAreTooLargeAreRefused) {
  const auto announced = door_.Call("POST /quartermaster/v1/usage:submit", kDeviceToken,
                                    std::string((4 << 20) + 1, 'x'), "Content-Type: application/xml\r\n");
  EXPECT_EQ(announced.result_int(), 413u);
  EXPECT_EQ(RestDoor::Reason(announced), "gateway.body_too_large");
  const int64_t before = door_.door.backend.calls();
  HttpsClient client = door_.Connect();
  client.Send(
      absl::StrCat("POST /quartermaster/v1/usage:submit HTTP/1.1\r\nHost: a\r\n"
                   "Content-Type: application/xml\r\nTransfer-Encoding: chunked\r\n"
                   "Authorization: Bearer ",
                   kDeviceToken, "\r\n\r\n"));
  const std::string chunk = absl::StrCat("100000\r\n", std::string(1 << 20, 'x'), "\r\n");
  for (int i = 0; i < 5; ++i) client.Send(chunk);
  EXPECT_EQ(client.Read().result_int(), 413u);
  EXPECT_EQ(door_.door.backend.calls(), before);
  const auto largest = door_.Call("POST /quartermaster/v1/usage:submit", kDeviceToken,
                                  std::string(4 << 20, 'x'), "Content-Type: application/xml\r\n");
  EXPECT_EQ(json::parse(largest.body())["pollId"], absl::StrCat(4 << 20));
}

TEST_F(RestListenerTest, ALengthThatNoNumberHoldsIsRefusedAndTheCallCountedToItsEnd) {
  for (const char* length : {"18446744073709551615", "9223372036854775808", "1152921504606846977"}) {
    for (const char* route : {"POST /quartermaster/v1/usage:submit", "POST /quartermaster/v1/usage:import"}) {
      HttpsClient client = door_.Connect();
      client.Send(absl::StrCat(
          route, " HTTP/1.1\r\nHost: a\r\nContent-Type: application/xml\r\nContent-Length: ", length,
          "\r\nAuthorization: Bearer ", kDeviceToken, "\r\n\r\nabc"));
      const auto response = client.Read();
      EXPECT_TRUE(response.result_int() == 413 || response.result_int() == 400)
          << length << " " << route << " " << response.result_int();
    }
  }
  EXPECT_EQ(door_.Call("GET /quartermaster/v1/usage/1-1", kAdministratorToken).result_int(), 200u);
  // A call ends a moment after its answer has arrived.
  EXPECT_TRUE(testing::Eventually([&] {
    return absl::StrContains(door_.door.registry.Exposition(),
                             "quartermaster_gateway_calls_in_flight{listener=\"rest\"} 0");
  }));
}

TEST_F(RestListenerTest, HeadAnswersWhatGetDoesWithoutItsBody) {
  HttpsClient client = door_.Connect();
  for (const auto& [target, code] :
       {std::pair("/healthz", 200), std::pair("/quartermaster/v1/usage/1-1", 200),
        std::pair("/nothing", 404)}) {
    ASSERT_TRUE(client.Send(RestDoor::Request(absl::StrCat("HEAD ", target), kAdministratorToken)));
    const auto response = client.ReadHeader();
    EXPECT_EQ(response.result_int(), static_cast<unsigned>(code)) << target;
    EXPECT_NE(response["Content-Length"], "0") << target;
    // Had there been a body, it would stand before the next answer.
    ASSERT_TRUE(client.Send(RestDoor::Request("GET /healthz", "")));
    EXPECT_EQ(client.Read().body(), "ok\n") << target;
  }
  client.Send(RestDoor::Request("HEAD /quartermaster/v1/usage/1-1", ""));
  EXPECT_EQ(client.ReadHeader().result_int(), 401u);
}

TEST_F(RestListenerTest, HeadersThatAreTooLargeAreRefused) {
  const auto response =
      door_.Call("GET /healthz", "", "", absl::StrCat("X-Long: ", std::string(20'000, 'x'), "\r\n"));
  EXPECT_EQ(response.result_int(), 431u);
}

TEST_F(RestListenerTest, WhatIsNotHttpIsRefusedAndTheConnectionEnds) {
  for (const char* bytes :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  /\r\n\r\n", "\x16\x03\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n",
        // Two ways to say how long the body is: what one reader takes for a body is another's request.
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    HttpsClient client = door_.Connect();
    client.Send(bytes);
    const auto response = client.Read();
    EXPECT_EQ(response.result_int(), 400u) << bytes;
    EXPECT_TRUE(client.IsClosed()) << bytes;
  }
}

TEST_F(RestListenerTest, PlainTextAndOldTlsAreNotSpoken) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  socket.connect(
      {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(door_.listener->port())});
  boost::asio::write(socket, boost::asio::buffer(std::string("GET /healthz HTTP/1.1\r\n\r\n")));
  boost::system::error_code error;
  std::string answer;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
  EXPECT_EQ(answer.find("HTTP"), std::string::npos);
  EXPECT_FALSE(
      HttpsClient(door_.listener->port(), door_.door.ca_pem(), boost::asio::ssl::context::tlsv11_client)
          .good());
  EXPECT_TRUE(
      HttpsClient(door_.listener->port(), door_.door.ca_pem(), boost::asio::ssl::context::tlsv12_client)
          .good());
}

TEST_F(RestListenerTest, ANewCertificateIsShownToNewConnectionsAndOpenOnesGoOn) {
  HttpsClient open = door_.Connect();
  const std::string old_ca = door_.door.ca_pem();
  std::filesystem::rename(door_.door.directory + "/tls", door_.door.directory + "/old");
  ASSERT_TRUE(EnsureServerIdentity(door_.door.identity, absl::Now()).ok());
  ASSERT_TRUE(door_.tls->Refresh().ok());
  EXPECT_FALSE(HttpsClient(door_.listener->port(), old_ca).good());
  EXPECT_TRUE(HttpsClient(door_.listener->port(), door_.door.ca_pem()).good());
  open.Send(RestDoor::Request("GET /healthz", ""));
  EXPECT_EQ(open.Read().result_int(), 200u);
}

TEST_F(RestListenerTest, StoppingLetsACallEndAndClosesIdleConnections) {
  HttpsClient idle = door_.Connect();
  HttpsClient busy = door_.Connect();
  busy.Send(RestDoor::Request("POST /quartermaster/v1/usage:submit", kDeviceToken, "wait",
                              "Content-Type: application/xml\r\n"));
  while (door_.door.backend.calls() == 0) absl::SleepFor(absl::Milliseconds(5));
  const absl::Time before = absl::Now();
  door_.listener->Stop(before + absl::Milliseconds(300));
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_TRUE(busy.IsClosed());
  EXPECT_TRUE(testing::Eventually([&] { return door_.door.backend.cancelled() == 1; }));
}

TEST(RestListenerLimitsTest, SlowClientsAreCut) {
  RestDoor door({.header_time_max = absl::Milliseconds(200),
                 .body_time_max = absl::Milliseconds(200),
                 .idle_time_max = absl::Milliseconds(200)});
  // Nothing after the connection; half a header; a header without its body; byte by byte.
  HttpsClient silent = door.Connect();
  EXPECT_TRUE(silent.IsClosed());
  HttpsClient half = door.Connect();
  half.Send("GET /healthz HTTP/1.1\r\nX: ");
  EXPECT_TRUE(half.IsClosed());
  HttpsClient no_body = door.Connect();
  no_body.Send(
      absl::StrCat("POST /quartermaster/v1/usage:submit HTTP/1.1\r\nContent-Length: 9\r\n"
                   "Content-Type: application/xml\r\nAuthorization: Bearer ",
                   kDeviceToken, "\r\n\r\nabc"));
  EXPECT_TRUE(no_body.IsClosed());
  HttpsClient drip = door.Connect();
  const absl::Time before = absl::Now();
  while (drip.Send("X") && absl::Now() - before < absl::Seconds(5)) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_LT(absl::Now() - before, absl::Seconds(3));
  // And a connection that never shakes hands.
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  socket.connect(
      {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(door.listener->port())});
  char byte;
  boost::system::error_code error;
  socket.read_some(boost::asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error);
}

TEST(RestListenerLimitsTest, WhoBroughtNoCredentialMayNotIdleForLong) {
  RestDoor door({.unknown_idle_time_max = absl::Milliseconds(200)});
  HttpsClient silent = door.Connect();
  HttpsClient stranger = door.Connect();
  stranger.Send(RestDoor::Request("GET /healthz", ""));
  EXPECT_EQ(stranger.Read().result_int(), 200u);
  HttpsClient known = door.Connect();
  known.Send(RestDoor::Request("GET /quartermaster/v1/usage/1-1", kAdministratorToken));
  EXPECT_EQ(known.Read().result_int(), 200u);
  const absl::Time before = absl::Now();
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(stranger.IsClosed());
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
  known.Send(RestDoor::Request("GET /quartermaster/v1/usage/1-1", kAdministratorToken));
  EXPECT_EQ(known.Read().result_int(), 200u);
}

TEST(RestListenerLimitsTest, ABodyIsRefusedBeforeItComesWhenThereIsNoRoom) {
  RestDoor door(RestLimits(), 100, 100'000, {.bytes_max = 1 << 20});
  const auto header = [](std::string_view length) {
    return absl::StrCat("POST /quartermaster/v1/usage:submit HTTP/1.1\r\nHost: a\r\n",
                        absl::string_view(length.data(), length.size()),
                        "\r\nContent-Type: application/xml\r\nAuthorization: Bearer ", kDeviceToken,
                        "\r\n\r\n");
  };
  HttpsClient announced = door.Connect();
  announced.Send(header("Content-Length: 900000\r\nExpect: 100-continue"));
  EXPECT_EQ(announced.ReadHeaderCode(), 100);
  HttpsClient chunked = door.Connect();
  chunked.Send(header("Transfer-Encoding: chunked"));
  const std::string chunk = absl::StrCat("10000\r\n", std::string(0x10000, 'x'), "\r\n");
  for (int i = 0; i < 4; ++i) chunked.Send(chunk);
  EXPECT_EQ(RestDoor::Reason(chunked.Read()), "gateway.overloaded");
  EXPECT_EQ(RestDoor::Reason(door.Call("POST /quartermaster/v1/usage:submit", kDeviceToken,
                                       std::string(200'000, 'x'), "Content-Type: application/xml\r\n")),
            "gateway.overloaded");
  EXPECT_EQ(door.door.backend.calls(), 0);
  announced.Send(std::string(900'000, 'x'));
  EXPECT_EQ(announced.Read().result_int(), 200u);
  EXPECT_EQ(door.Call("POST /quartermaster/v1/usage:submit", kDeviceToken, std::string(200'000, 'x'),
                      "Content-Type: application/xml\r\n")
                .result_int(),
            200u);
}

// A third connection is closed, and there is room again when the two have gone.
void ExpectRoomForTwo(RestDoor& door) {
  {
    HttpsClient first = door.Connect();
    HttpsClient second = door.Connect();
    EXPECT_TRUE(first.good() && second.good());
    EXPECT_FALSE(door.Connect().good());
    first.Close();
    second.Close();
  }
  EXPECT_TRUE(testing::Eventually([&] { return door.Connect().good(); }));
}

TEST(RestListenerLimitsTest, ConnectionsOfOneAddressBeyondItsLimitAreClosed) {
  RestDoor door(RestLimits(), 100, 100'000, Admission::Limits(), /*connections_per_address_max=*/2);
  ExpectRoomForTwo(door);
}

TEST(RestListenerLimitsTest, ConnectionsBeyondTheLimitAreClosedAndRoomComesBack) {
  RestDoor door(RestLimits(), /*connections_max=*/2);
  ExpectRoomForTwo(door);
}

TEST(RestListenerLimitsTest, AClientThatCallsTooOftenIsToldWhenToComeBack) {
  RestDoor door(RestLimits(), 10, /*calls_per_second_per_client=*/1);
  HttpsClient::Response last;
  for (int i = 0; i < 4; ++i) last = door.Call("GET /quartermaster/v1/usage/1-1", kAdministratorToken);
  EXPECT_EQ(last.result_int(), 429u);
  EXPECT_EQ(last["Retry-After"], "1");
}

TEST(RestListenerLimitsTest, AnAddressInUseIsAPreciseError) {
  RestDoor door;
  const auto second =
      RestListener::Start({.address = absl::StrCat("127.0.0.1:", door.listener->port())},
                          {door.routes, door.door.authenticator, door.door.admission, door.door.upstreams,
                           door.door.journal, [] { return std::string(); }, "", RestLimits()},
                          *door.tls, door.door.registry);
  EXPECT_EQ(errors::ErrorId(second.status()), "gateway.listen_failed");
}

}  // namespace
}  // namespace quartermaster::gateway
