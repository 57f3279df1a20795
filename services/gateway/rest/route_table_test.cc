#include "services/gateway/rest/route_table.h"

#include <gtest/gtest.h>

#include "google/api/annotations.pb.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/compliance.pb.h"
#include "services/common/errors/error.h"
#include "services/gateway/domain/request_target.h"
#include "services/gateway/rest/request_message.h"
#include "services/gateway/rest/rest_answer.h"

namespace quartermaster::gateway {
namespace {

class RouteTableTest : public ::testing::Test {
 protected:
  // The message's text form, or the error's id.
  std::string Build(const std::string& http_method, const std::string& target, const std::string& body = "",
                    const std::string& content_type = "") {
    const auto parsed = ParseRequestTarget(target);
    if (!parsed.ok()) return errors::ErrorId(parsed.status());
    std::vector<std::string> allowed;
    const auto match = table_.Find(http_method, parsed->segments, allowed);
    if (!match.ok()) return errors::ErrorId(match.status());
    const auto message = BuildRequestMessage({&*match, &parsed->query, content_type, body});
    if (!message.ok()) {
      last_error_ = std::string(message.status().message());
      return errors::ErrorId(message.status());
    }
    return (*message)->ShortDebugString();
  }

  MethodDirectory directory_{PublicFiles()};
  RouteTable table_ = *RouteTable::Build(directory_);
  std::string last_error_;
};

TEST_F(RouteTableTest, EveryAnnotatedMethodIsFoundByItsOwnPath) {
  int annotated = 0;
  for (const Method& method : directory_.methods()) {
    if (!method.descriptor->options().HasExtension(google::api::http)) continue;
    ++annotated;
    const auto& rule = method.descriptor->options().GetExtension(google::api::http);
    const std::string verb = rule.has_get() ? "GET" : rule.has_post() ? "POST" : "other";
    std::string path = rule.has_get() ? rule.get() : rule.post();
    // A value for each variable.
    while (path.find('{') != std::string::npos) {
      path.replace(path.find('{'), path.find('}') - path.find('{') + 1, "value-1");
    }
    std::vector<std::string> allowed;
    const auto match = table_.Find(verb, ParseRequestTarget(path)->segments, allowed);
    ASSERT_TRUE(match.ok()) << verb << " " << path << " " << match.status();
    EXPECT_EQ(match->route->method, &method) << path;
  }
  EXPECT_GE(annotated, 23);
}

TEST_F(RouteTableTest, EveryUnaryPublicMethodHasARoute) {
  for (const Method& method : directory_.methods()) {
    if (!method.unary) continue;
    EXPECT_TRUE(std::any_of(table_.routes().begin(), table_.routes().end(), [&](const Route& route) {
      return route.method == &method;
    })) << method.name;
  }
}

TEST_F(RouteTableTest, PathQueryAndBodyBecomeTheRequest) {
  const struct {
    const char* http_method;
    const char* target;
    const char* body;
    const char* want;
  } kCases[] = {
      {"GET", "/quartermaster/v1/usage/12-3", "", "name: \"12-3\""},
      {"GET", "/quartermaster/v1/usage/12-3?smartAccount=a%26b", "", "smart_account: \"a&b\" name: \"12-3\""},
      {"GET", "/quartermaster/v1/usage?productId=C9300&page_size=50", "",
       "product_id: \"C9300\" page_size: 50"},
      {"GET", "/quartermaster/v1/catalog?unknownOnly=true", "", "unknown_only: true"},
      {"GET", "/quartermaster/v1/compliance?asOf=2026-05-01T00:00:00Z", "", "as_of { seconds: 1777593600 }"},
      {"GET", "/quartermaster/v1/compliance?asOf=2026-05-01T02:00:00%2B02:00&knownAt.seconds=5", "",
       "as_of { seconds: 1777593600 } known_at { seconds: 5 }"},
      {"GET", "/quartermaster/v1/compliance?asOf=2026-05-01T02:00:00+02:00", "",
       "as_of { seconds: 1777593600 }"},
      {"GET", "/quartermaster/v1/acknowledgements:poll?pollId=9007199254740993", "",
       "poll_id: 9007199254740993"},
      {"POST", "/quartermaster/v1/smartAccounts", R"({"domain": "d", "displayName": "\u00e4"})",
       "domain: \"d\" display_name: \"\\303\\244\""},
      {"POST", "/quartermaster/v1/smartAccounts", "", ""},
      {"POST", "/quartermaster/v1/usage:submit", R"({"document": "PGE+"})", "document: \"<a>\""},
      {"POST", "/quartermaster/v1/catalog:import",
       R"({"licenseTags": [{"tag": "t", "term": "TERM_PERPETUAL", "enforcement": 2}]})",
       "license_tags { tag: \"t\" enforcement: ENFORCEMENT_ENFORCED term: TERM_PERPETUAL }"},
      {"POST", "/quartermaster/v1/productInstances:releaseUsage", R"({"udi": {"productId": "p"}})",
       "udi { product_id: \"p\" }"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Build(c.http_method, c.target, c.body, "application/json; charset=utf-8"), c.want)
        << c.target << " " << last_error_;
  }
}

TEST_F(RouteTableTest, ARawBodyIsTheDocumentItself) {
  const std::string raw = "<RUMReport>\xff{</RUMReport>";
  for (const char* type :
       {"application/xml", "text/xml; charset=utf-8", "application/octet-stream", "Application/XML"}) {
    EXPECT_EQ(Build("POST", "/quartermaster/v1/usage:submit?virtualAccount=North", raw, type),
              "virtual_account: \"North\" document: \"<RUMReport>\\377{</RUMReport>\"")
        << type;
  }
}

TEST_F(RouteTableTest, RequestsThatAreNotTheMessageAreRefusedPrecisely) {
  const struct {
    const char* http_method;
    const char* target;
    const char* body;
    const char* type;
    const char* want;
  } kCases[] = {
      {"GET", "/quartermaster/v1/nothing", "", "", "gateway.route_unknown"},
      {"GET", "/", "", "", "gateway.route_unknown"},
      {"GET", "/quartermaster/v1/usage/", "", "", "gateway.route_unknown"},
      {"DELETE", "/quartermaster/v1/usage", "", "", "gateway.method_not_allowed"},
      {"get", "/quartermaster/v1/usage", "", "", "gateway.method_not_allowed"},
      {"GET", "/quartermaster/v1/usage?nope=1", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?pageSize=ten", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?pageSize=99999999999", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?pageSize=1&page_size=2", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?productId.x=1", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?productId=%ff", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage/1-2?name=3-4", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/compliance?asOf=yesterday", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/compliance?asOf=%22", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/catalog?unknownOnly=1", "", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage", "{}", "", "gateway.body_malformed"},
      {"POST", "/quartermaster/v1/smartAccounts", "{", "", "gateway.body_malformed"},
      {"POST", "/quartermaster/v1/smartAccounts", "[]", "", "gateway.body_malformed"},
      {"POST", "/quartermaster/v1/smartAccounts", "{\"a\":1}", "", "gateway.body_malformed"},
      {"POST", "/quartermaster/v1/smartAccounts", "{\"domain\":5}", "", "gateway.body_malformed"},
      {"POST", "/quartermaster/v1/smartAccounts", "{}", "text/plain", "gateway.media_type_unsupported"},
      {"POST", "/quartermaster/v1/smartAccounts", "{}", "application/xml", "gateway.media_type_unsupported"},
      {"POST", "/quartermaster/v1/smartAccounts?domain=x", "{}", "", "gateway.field_invalid"},
      {"GET", "/quartermaster/v1/usage?x=%zz", "", "", "gateway.request_malformed"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Build(c.http_method, c.target, c.body, c.type), c.want) << c.target << " " << c.body;
  }
  EXPECT_EQ(Build("GET", "/quartermaster/v1/usage?pageSize=ten"), "gateway.field_invalid");
  EXPECT_EQ(last_error_, "\"pageSize\": got \"ten\", want a decimal int32");
}

TEST_F(RouteTableTest, WhatThePathSaysTheBodyCannotSayAgain) {
  std::vector<std::string> allowed;
  // No route of today has both: a path variable is added to one.
  auto match =
      *table_.Find("POST", std::vector<std::string>{"quartermaster", "v1", "smartAccounts"}, allowed);
  match.bindings.push_back({"domain", "of-the-path.example"});
  const QueryParameters no_query;
  const auto clash = BuildRequestMessage({&match, &no_query, "", R"({"domain":"of-the-body.example"})"});
  EXPECT_EQ(errors::ErrorId(clash.status()), "gateway.field_invalid");
  const auto good = BuildRequestMessage({&match, &no_query, "", R"({"displayName":"n"})"});
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ((*good)->ShortDebugString(), "domain: \"of-the-path.example\" display_name: \"n\"");
}

TEST_F(RouteTableTest, DeeplyNestedJsonIsRefusedNotFollowed) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_EQ(Build("POST", "/quartermaster/v1/catalog:import", "{\"licenseTags\":" + deep + "}"),
            "gateway.body_malformed");
}

TEST_F(RouteTableTest, AWrongMethodLearnsTheRightOnes) {
  std::vector<std::string> allowed;
  const auto match =
      table_.Find("PATCH", std::vector<std::string>{"quartermaster", "v1", "smartAccounts"}, allowed);
  EXPECT_FALSE(match.ok());
  std::sort(allowed.begin(), allowed.end());
  EXPECT_EQ(allowed, (std::vector<std::string>{"GET", "POST"}));
}

TEST(RestAnswerTest, ErrorsCarryCodeReasonAndDelay) {
  const absl::Status busy = errors::WithRetryDelay(
      errors::MakeForeignError(absl::StatusCode::kResourceExhausted, "queue: \"full\"", "ingest.busy", true),
      absl::Milliseconds(1500));
  const RestAnswer answer = ErrorAnswer(busy);
  EXPECT_EQ(answer.http_code, 429);
  EXPECT_EQ(answer.body, R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"queue: \"full\"",)"
                         R"("details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
                         R"("reason":"ingest.busy","domain":"quartermaster"},)"
                         R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}})");
  ASSERT_EQ(answer.headers.size(), 1u);
  EXPECT_EQ(answer.headers[0], (std::pair<std::string, std::string>("Retry-After", "2")));
}

TEST(RestAnswerTest, CanonicalCodesBecomeHttpCodes) {
  EXPECT_EQ(HttpCodeOf(absl::InvalidArgumentError("")), 400);
  EXPECT_EQ(HttpCodeOf(absl::FailedPreconditionError("")), 400);
  EXPECT_EQ(HttpCodeOf(absl::UnauthenticatedError("")), 401);
  EXPECT_EQ(HttpCodeOf(absl::PermissionDeniedError("")), 403);
  EXPECT_EQ(HttpCodeOf(absl::NotFoundError("")), 404);
  EXPECT_EQ(HttpCodeOf(absl::AbortedError("")), 409);
  EXPECT_EQ(HttpCodeOf(absl::InternalError("")), 500);
  EXPECT_EQ(HttpCodeOf(absl::UnimplementedError("")), 501);
  EXPECT_EQ(HttpCodeOf(absl::UnavailableError("")), 503);
  EXPECT_EQ(HttpCodeOf(absl::DeadlineExceededError("")), 504);
  const RestAnswer unauthenticated = ErrorAnswer(absl::UnauthenticatedError(""));
  EXPECT_EQ(unauthenticated.headers[0].first, "WWW-Authenticate");
}

TEST(RestAnswerTest, ZerosAndEmptyListsAreWrittenOut) {
  ledger::v1::PoolCompliance pool;
  pool.set_entitled(5);
  const std::string json = *ToJson(pool);
  EXPECT_NE(json.find("\"entitled\":\"5\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"inUse\":\"0\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"substitutions\":[]"), std::string::npos) << json;
}

}  // namespace
}  // namespace quartermaster::gateway
