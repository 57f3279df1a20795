#include "services/common/log/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "services/common/errors/error.h"

namespace quartermaster::log {
namespace {

// What `write_lines` put on stderr.
template <typename Body>
std::string Captured(Body write_lines) {
  testing::internal::CaptureStderr();
  write_lines();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectALine) {
  Configure({.service = "ledger"});
  const std::string text = Captured([] {
    Info("report applied", {{"count", 3}, {"share", 0.25}, {"late", true}, {"udi", "C9300:\"X\""}});
  });
  ASSERT_EQ(text.back(), '\n');
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["service"], "ledger");
  EXPECT_EQ(line["message"], "report applied");
  EXPECT_EQ(line["count"], 3);
  EXPECT_EQ(line["share"], 0.25);
  EXPECT_EQ(line["late"], true);
  EXPECT_EQ(line["udi"], "C9300:\"X\"");
  EXPECT_EQ(line["ts"].get<std::string>().size(), 24u);
  EXPECT_FALSE(line.contains("request_id"));
}

TEST(Log, AHostileFieldCannotForgeALine) {
  Configure({.service = "ledger"});
  const std::string text = Captured([] {
    Info("got", {{"name", std::string_view("a\n{\"level\":\"error\"}\x01\xff\xc0\x80 \xc3\xa9")}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["name"], "a\n{\"level\":\"error\"}\x01\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa9");
}

TEST(Log, ASecretIsRedactedByItsType) {
  Configure({.service = "gateway"});
  const Secret secret("hunter2");
  const std::string text = Captured([&] { Info("client made", {{"secret", secret}}); });
  EXPECT_EQ(nlohmann::json::parse(text)["secret"], "[redacted]");
  std::ostringstream stream;
  stream << secret;
  EXPECT_EQ(stream.str(), "[redacted]");
}

TEST(Log, LinesBelowTheLevelAreNotWritten) {
  Configure({.level = Level::kWarning, .service = "ledger"});
  EXPECT_FALSE(Enabled(Level::kInfo));
  EXPECT_EQ(Captured([] {
              Debug("a");
              Info("b");
            }),
            "");
  EXPECT_NE(Captured([] { Warning("c"); }), "");
}

TEST(Log, ARequestScopeOutlivesTheTextOfItsId) {
  std::string id = "r-of-a-call-that-is-over";
  const RequestScope scope(id);
  id.assign(id.size(), 'x');
  EXPECT_EQ(CurrentRequestId(), "r-of-a-call-that-is-over");
}

TEST(Log, ScopesNameRequestAndServiceAndNest) {
  Configure({.service = "allinone"});
  const RequestScope outer("r-1");
  const ServiceScope service("ingest");
  {
    const RequestScope inner("r-2");
    EXPECT_EQ(CurrentRequestId(), "r-2");
    const auto line = nlohmann::json::parse(Captured([] { Info("x"); }));
    EXPECT_EQ(line["request_id"], "r-2");
    EXPECT_EQ(line["service"], "ingest");
  }
  EXPECT_EQ(nlohmann::json::parse(Captured([] { Info("x"); }))["request_id"], "r-1");
}

TEST(Log, AStatusShowsItsErrorId) {
  Configure({.service = "ingest"});
  const absl::Status status =
      errors::MakeError({"test.it_broke", absl::StatusCode::kInternal, false}, "field: got 1, want 2");
  const auto line = nlohmann::json::parse(Captured([&] { Error("x", {{"error", status}}); }));
  EXPECT_EQ(line["error"], "test.it_broke: field: got 1, want 2");
}

TEST(Log, TimesDurationsAndLimitsAreReadableJson) {
  Configure({.service = "ingest"});
  const auto line = nlohmann::json::parse(Captured([&] {
    Info("x", {{"at", absl::FromUnixMillis(1636453931007)},
               {"before", absl::FromUnixMillis(-1)},
               {"took", absl::Milliseconds(1500)},
               {"nan", std::numeric_limits<double>::quiet_NaN()},
               {"big", std::numeric_limits<uint64_t>::max()}});
  }));
  EXPECT_EQ(line["at"], "2021-11-09T10:32:11.007Z");
  EXPECT_EQ(line["before"], "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["big"], std::numeric_limits<uint64_t>::max());
}

TEST(Log, TextLinesQuoteWhatWouldNotBePlain) {
  Configure({.format = Format::kText, .service = "ledger"});
  const std::string text = Captured([] {
    Info("applied\nnow", {{"plain", "a-b:1"}, {"spaced", "a b"}, {"n", 7}});
  });
  EXPECT_NE(text.find(" info ledger: applied\\nnow plain=a-b:1 spaced=\"a b\" n=7\n"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace quartermaster::log
