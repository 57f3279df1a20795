#include "services/gateway/rest/file_stream.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "absl/time/clock.h"
#include "services/common/lifecycle/resident_bytes.h"
#include "services/common/testing/eventually.h"
#include "services/gateway/testing/rest_door.h"

namespace quartermaster::gateway {
namespace {

using nlohmann::json;

std::vector<json> Lines(const std::string& body) {
  std::vector<json> lines;
  std::istringstream text(body);
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

class FileStreamTest : public ::testing::Test {
 protected:
  static std::string Header(const std::string& fields, const std::string& query = "") {
    return absl::StrCat("POST /quartermaster/v1/usage:import", query, " HTTP/1.1\r\nHost: a\r\n", fields,
                        "Authorization: Bearer ", kAdministratorToken, "\r\n\r\n");
  }
  static std::string Chunk(size_t size) {
    return absl::StrCat(absl::Hex(size), "\r\n", std::string(size, 'x'), "\r\n");
  }

  RestDoor door_;
};

TEST_F(FileStreamTest, AFileGoesInAndLinesComeOut) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Content-Length: 300000\r\n",
                     "?smartAccount=corp&virtualAccount=North&listAccepted=true&fileName=u.xml"));
  client.Send(std::string(300'000, 'x'));
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), 200u);
  EXPECT_EQ(response["Content-Type"], "application/x-ndjson");
  const auto lines = Lines(response.body());
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines.front().count("progress"), 1u);
  EXPECT_EQ(lines.back()["summary"]["totals"]["bytesDone"], "300000");
  EXPECT_EQ(lines.back()["summary"]["message"], "corp|North|300000|1");
  // And the connection goes on.
  client.Send(RestDoor::Request("GET /healthz", ""));
  EXPECT_EQ(client.Read().result_int(), 200u);
}

TEST_F(FileStreamTest, AFileOfUnknownSizeComesInChunks) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.ReadHeaderCode(), 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.Send(Chunk(100'000)));
  client.Send("0\r\n\r\n");
  const auto lines = Lines(client.Read().body());
  EXPECT_EQ(lines.back()["summary"]["totals"]["bytesDone"], "5000000");
  EXPECT_EQ(lines.back()["summary"]["message"], "||0|0");
}

TEST_F(FileStreamTest, AnEmptyFileIsTheServicesToJudge) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Content-Length: 0\r\n"));
  EXPECT_EQ(Lines(client.Read().body()).back()["summary"]["totals"]["bytesDone"], "0");
}

TEST_F(FileStreamTest, AServiceThatRefusesTheFileIsHeardAtOnce) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Transfer-Encoding: chunked\r\n"));
  client.Send("4\r\nquit\r\n");
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), 400u);
  EXPECT_EQ(RestDoor::Reason(response), "toy.failure");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(FileStreamTest, ARefusalHalfWayIsTheLastLine) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Transfer-Encoding: chunked\r\n"));
  client.Send("3\r\nabc\r\n");
  while (door_.door.backend.bytes_imported() < 3) absl::SleepFor(absl::Milliseconds(2));
  client.Send("4\r\nquit\r\n0\r\n\r\n");
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), 200u);
  const auto lines = Lines(response.body());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["progress"]["bytesDone"], "3");
  EXPECT_EQ(lines[1]["error"]["details"][0]["reason"], "toy.failure");
}

TEST_F(FileStreamTest, AQueryThatIsNotUnderstoodIsRefusedBeforeTheFile) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Content-Length: 3000000\r\nExpect: 100-continue\r\n", "?nope=1"));
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), 400u);
  EXPECT_EQ(RestDoor::Reason(response), "gateway.field_invalid");
}

TEST_F(FileStreamTest, DevicesMayNotImport) {
  const auto response = door_.Call("POST /quartermaster/v1/usage:import", kDeviceToken, "<RUMReport/>");
  EXPECT_EQ(response.result_int(), 403u);
}

TEST_F(FileStreamTest, AClientThatVanishesCancelsTheImport) {
  {
    HttpsClient client = door_.Connect();
    client.Send(Header("Content-Length: 3000000\r\n"));
    client.Send(std::string(1'000'000, 'x'));
    while (door_.door.backend.bytes_imported() == 0) absl::SleepFor(absl::Milliseconds(5));
    client.Close();
  }
  EXPECT_TRUE(testing::Eventually([&] { return door_.door.backend.cancelled() == 1; }));
}

TEST_F(FileStreamTest, ABodyThatIsNotHttpBreaksTheImportOff) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Transfer-Encoding: chunked\r\n"));
  client.Send("3\r\nabc\r\nnot a chunk\r\n");
  const auto response = client.Read();
  EXPECT_NE(response.body().find("gateway.request_malformed"), std::string::npos)
      << response.result_int() << response.body();
  EXPECT_TRUE(testing::Eventually([&] { return door_.door.backend.cancelled() == 1; }));
}

TEST_F(FileStreamTest, ASlowServiceSlowsTheClientDownAndMemoryStaysConstant) {
  door_.door.backend.slow = true;
  HttpsClient client = door_.Connect();
  client.Send(Header("Transfer-Encoding: chunked\r\n"));
  std::thread reader([&] { client.Read(); });
  const std::string chunk = Chunk(1 << 20);
  const int64_t before = ResidentBytes();
  int64_t sent = 0;
  const absl::Time stop = absl::Now() + absl::Seconds(3);
  while (absl::Now() < stop && client.Send(chunk)) sent += 1 << 20;
  EXPECT_LT(sent - door_.door.backend.bytes_imported(), 48 << 20);
  EXPECT_GT(door_.door.backend.bytes_imported(), 0);
  EXPECT_LT(ResidentBytes() - before, 64 << 20);
  door_.door.backend.slow = false;
  client.Send("0\r\n\r\n");
  reader.join();
}

TEST_F(FileStreamTest, AClientThatSendsOnAfterTheEndStillGetsTheAnswer) {
  HttpsClient client = door_.Connect();
  client.Send(Header("Content-Length: 3000000\r\n"));
  client.Send("quit");
  while (door_.door.backend.calls() == 0) absl::SleepFor(absl::Milliseconds(5));
  for (int i = 0; i < 20; ++i) client.Send(std::string(100'000, 'x'));
  EXPECT_EQ(RestDoor::Reason(client.Read()), "toy.failure");
}

}  // namespace
}  // namespace quartermaster::gateway
