#include "services/gateway/domain/secret_hash.h"

#include <gtest/gtest.h>

#include <set>

namespace quartermaster::gateway {
namespace {

TEST(SecretHashTest, OnlyTheSecretItselfMatchesItsHash) {
  const std::string hash = HashSecret("correct horse");
  EXPECT_TRUE(SecretMatches(hash, "correct horse"));
  EXPECT_FALSE(SecretMatches(hash, "correct horsf"));
  EXPECT_FALSE(SecretMatches(hash, ""));
}

TEST(SecretHashTest, TheHashNamesItsAlgorithmAndCostAndIsSalted) {
  const std::string hash = HashSecret("s");
  EXPECT_EQ(hash.rfind("$argon2id$v=19$m=19456,t=2,p=1$", 0), 0u) << hash;
  EXPECT_NE(hash, HashSecret("s"));
}

TEST(SecretHashTest, AHashThatCannotBeReadMatchesNothing) {
  EXPECT_FALSE(SecretMatches("", "s"));
  EXPECT_FALSE(SecretMatches("s", "s"));
  EXPECT_FALSE(SecretMatches(std::string(4096, '$'), "s"));
}

TEST(SecretHashTest, SecretsHave43CharactersAndNeverRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string secret = NewSecret().Reveal();
    EXPECT_EQ(secret.size(), 43u);
    EXPECT_EQ(secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(seen.insert(secret).second);
  }
}

}  // namespace
}  // namespace quartermaster::gateway
