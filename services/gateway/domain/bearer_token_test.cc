#include "services/gateway/domain/bearer_token.h"

#include <gtest/gtest.h>

#include <string>

namespace quartermaster::gateway {
namespace {

TEST(BearerTokenTest, ClientAndSecretAreCutAtTheFirstDot) {
  const auto token = ParseBearerToken("Bearer admin-1.abc.DEF_~");
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->client_id, "admin-1");
  EXPECT_EQ(token->secret, "abc.DEF_~");
  EXPECT_EQ(token->whole, "admin-1.abc.DEF_~");
}

TEST(BearerTokenTest, TheSchemeIsComparedWithoutCase) {
  EXPECT_TRUE(ParseBearerToken("bearer a.b").has_value());
  EXPECT_TRUE(ParseBearerToken("BEARER a.b").has_value());
}

TEST(BearerTokenTest, EveryOtherFormIsRefused) {
  const std::string long_id(65, 'a');
  const std::string long_secret(257, 's');
  for (const std::string& value :
       {std::string(""), std::string("Bearer"), std::string("Bearer "), std::string("Bearer ."),
        std::string("Bearer a."), std::string("Bearer .b"), std::string("Bearer ab"),
        std::string("Basic a.b"), std::string("Bearer  a.b"), std::string("Bearer a.b c"),
        std::string("Bearer a/b.c"), std::string("Bearer a.b\n"), std::string("Bearer a.\x7f"),
        std::string("Bearer a.\xc3\xa4"), std::string("Bearer a\0.b", 11), "Bearer " + long_id + ".b",
        "Bearer a." + long_secret}) {
    EXPECT_FALSE(ParseBearerToken(value).has_value()) << value;
  }
}

}  // namespace
}  // namespace quartermaster::gateway
