#include "services/gateway/domain/path_template.h"

#include <gtest/gtest.h>

#include "services/common/errors/error.h"
#include "services/gateway/domain/request_target.h"

namespace quartermaster::gateway {
namespace {

// "field=value;…" of the bindings, or "-" when the path is not of this form.
std::string MatchText(const std::string& path_template, const std::string& path) {
  const auto parsed = PathTemplate::Parse(path_template);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  const auto target = ParseRequestTarget(path);
  EXPECT_TRUE(target.ok()) << target.status();
  const auto bindings = parsed->Match(target->segments);
  if (!bindings.has_value()) return "-";
  std::string text;
  for (const auto& binding : *bindings) text += binding.field + "=" + binding.value + ";";
  return text;
}

TEST(PathTemplateTest, PathsMatchByLiteralVerbAndVariable) {
  const struct {
    const char* path_template;
    const char* path;
    const char* want;
  } kCases[] = {
      {"/v1/usage", "/v1/usage", ""},
      {"/v1/usage", "/v1/usage?x=/v1/other", ""},
      {"/v1/usage", "/v1/usage/", "-"},
      {"/v1/usage", "/v1//usage", "-"},
      {"/v1/usage", "/v1", "-"},
      {"/v1/usage", "/v1/Usage", "-"},
      {"/v1/usage:submit", "/v1/usage:submit", ""},
      {"/v1/usage:submit", "/v1/usage", "-"},
      {"/v1/usage:submit", "/v1/usage:import", "-"},
      {"/v1/usage/{name}", "/v1/usage/12-3", "name=12-3;"},
      {"/v1/usage/{name}", "/v1/usage/a%2Fb%20c", "name=a/b c;"},
      {"/v1/usage/{name}", "/v1/usage/", "-"},
      {"/v1/usage/{name}", "/v1/usage/a/b", "-"},
      {"/v1/{name=usage/*}", "/v1/usage/7", "name=usage/7;"},
      {"/v1/{name=usage/*}", "/v1/other/7", "-"},
      {"/v1/{name=usage/*}:raw", "/v1/usage/7:raw", "name=usage/7;"},
      {"/v1/{udi.product_id}/x/{b}", "/v1/p/x/q", "udi.product_id=p;b=q;"},
      {"/v1/{rest=**}", "/v1/a/b/c", "rest=a/b/c;"},
      {"/v1/*/end", "/v1/anything/end", ""},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(MatchText(c.path_template, c.path), c.want) << c.path_template << " " << c.path;
  }
}

TEST(PathTemplateTest, TemplatesOutsideTheGrammarAreRefused) {
  for (const char* text : {"", "v1", "/", "/v1//x", "/v1/{", "/v1/{}", "/v1/{a", "/v1/{a=}", "/v1/{a={b}}",
                           "/v1/a*", "/v1/**/b", "/v1/a:"}) {
    EXPECT_FALSE(PathTemplate::Parse(text).ok()) << text;
  }
}

TEST(PathTemplateTest, LiteralsAreMoreSpecificThanVariables) {
  EXPECT_GT(PathTemplate::Parse("/v1/usage/all")->specificity(),
            PathTemplate::Parse("/v1/usage/{name}")->specificity());
  EXPECT_GT(PathTemplate::Parse("/v1/usage/{name}:raw")->specificity(),
            PathTemplate::Parse("/v1/usage/{name}")->specificity());
}

TEST(RequestTargetTest, QueriesAreDecodedAndKeepTheirOrder) {
  const auto target = ParseRequestTarget("/a%20b/c?x=1&x=2+3&y=%C3%A4%26&flag&=v&&");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->segments, (std::vector<std::string>{"a b", "c"}));
  const std::vector<std::pair<std::string, std::string>> want = {
      {"x", "1"}, {"x", "2 3"}, {"y", "ä&"}, {"flag", ""}, {"", "v"}};
  EXPECT_EQ(target->query, want);
}

TEST(RequestTargetTest, TargetsThatCannotBeReadAreRefused) {
  for (const char* text : {"", "a", "*", "http://host/a", "/a%", "/a%2", "/a%zz", "/a%00", "/a?b=%0"}) {
    const auto target = ParseRequestTarget(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_EQ(errors::ErrorId(target.status()), "gateway.request_malformed") << text;
  }
}

}  // namespace
}  // namespace quartermaster::gateway
