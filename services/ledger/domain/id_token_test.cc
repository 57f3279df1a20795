#include "services/ledger/domain/id_token.h"

#include <gtest/gtest.h>

#include <set>

#include "services/common/errors/error.h"

namespace quartermaster::ledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);

IdToken Token() {
  IdToken token;
  token.uses_max = 2;
  token.created_at = kNow - absl::Hours(1);
  token.expires_at = kNow + absl::Hours(1);
  return token;
}

std::string Redeem(const IdToken& token, int32_t members, bool export_controlled = false,
                   absl::Time now = kNow) {
  const absl::Status status =
      CheckRedemption(token, {.new_members = members, .export_controlled = export_controlled, .now = now});
  return status.ok() ? "ok" : errors::ErrorId(status);
}

TEST(IdTokenTest, ValuesAreLongDifferentAndKnownByTheirForm) {
  std::set<std::string> values;
  for (int i = 0; i < 1000; ++i) values.insert(NewIdTokenValue());
  EXPECT_EQ(values.size(), 1000u);
  for (const std::string& value : values) EXPECT_TRUE(IsIdTokenValue(value)) << value;
  const std::string value = *values.begin();
  EXPECT_FALSE(IsIdTokenValue(value.substr(1)));
  EXPECT_FALSE(IsIdTokenValue(value + "a"));
  EXPECT_FALSE(IsIdTokenValue(value.substr(0, value.size() - 1) + "\n"));
  EXPECT_FALSE(IsIdTokenValue(""));
  EXPECT_NE(IdTokenDigest(value), IdTokenDigest(*values.rbegin()));
  EXPECT_EQ(IdTokenDigest(value).size(), 32u);
}

TEST(IdTokenTest, UsesRunOutAndWhoRedeemsAgainNeedsNone) {
  IdToken token = Token();
  EXPECT_EQ(Redeem(token, 2), "ok");
  EXPECT_EQ(Redeem(token, 3), "ledger.id_token_used_up");
  token.uses = 2;
  EXPECT_EQ(Redeem(token, 1), "ledger.id_token_used_up");
  EXPECT_EQ(Redeem(token, 0), "ok");
  EXPECT_EQ(StateOf(token, kNow), IdTokenState::kUsedUp);
  token.uses_max.reset();
  token.uses = 5'000'000;
  EXPECT_EQ(Redeem(token, 16), "ok");
  EXPECT_EQ(StateOf(token, kNow), IdTokenState::kActive);
}

TEST(IdTokenTest, ItEndsAtTheMomentOfItsExpiry) {
  const IdToken token = Token();
  EXPECT_EQ(Redeem(token, 1, false, token.expires_at - absl::Microseconds(1)), "ok");
  EXPECT_EQ(Redeem(token, 1, false, token.expires_at), "ledger.id_token_expired");
  EXPECT_EQ(Redeem(token, 0, false, token.expires_at), "ledger.id_token_expired");
  EXPECT_EQ(StateOf(token, token.expires_at), IdTokenState::kExpired);
}

TEST(IdTokenTest, ARevokedOneIsRevokedWhateverElseHolds) {
  IdToken token = Token();
  token.revoked_at = kNow;
  token.uses = 2;
  EXPECT_EQ(Redeem(token, 0), "ledger.id_token_revoked");
  EXPECT_EQ(StateOf(token, token.expires_at), IdTokenState::kRevoked);
}

TEST(IdTokenTest, ExportControlledFunctionalityMustBeAllowed) {
  IdToken token = Token();
  EXPECT_EQ(Redeem(token, 1, true), "ledger.id_token_export_not_allowed");
  token.export_controlled = true;
  EXPECT_EQ(Redeem(token, 1, true), "ok");
  EXPECT_EQ(Redeem(token, 1, false), "ok");
}

}  // namespace
}  // namespace quartermaster::ledger
