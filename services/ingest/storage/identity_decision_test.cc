#include "services/ingest/storage/identity_decision.h"

#include <gtest/gtest.h>

namespace quartermaster::ingest {
namespace {

constexpr Verification kVerified = Verification::kVerified;
constexpr Verification kUnverifiable = Verification::kUnverifiable;

pg::Uuid Hash(uint8_t seed) {
  pg::Uuid hash = {};
  hash.fill(seed);
  return hash;
}

StandingReport Standing(uint8_t seed, Verification verification) {
  StandingReport standing;
  standing.payload_hash = Hash(seed);
  standing.verification = verification;
  return standing;
}

OtherPayload Other(uint8_t seed, OtherPayload::Kind kind) {
  OtherPayload other;
  other.payload_hash = Hash(seed);
  other.kind = kind;
  return other;
}

TEST(IdentityDecisionTest, TheSamePayloadIsADuplicate) {
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), {}, Hash(1), kVerified), IdentityDecision::kDuplicate);
  EXPECT_EQ(DecideIdentity(Standing(1, kUnverifiable), {}, Hash(1), kUnverifiable),
            IdentityDecision::kDuplicate);
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), {}, Hash(1), kUnverifiable), IdentityDecision::kDuplicate);
}

TEST(IdentityDecisionTest, AVerifiedReportReplacesAnUnverifiableOneWhateverThePayload) {
  EXPECT_EQ(DecideIdentity(Standing(1, kUnverifiable), {}, Hash(1), kVerified), IdentityDecision::kSupersede);
  EXPECT_EQ(DecideIdentity(Standing(1, kUnverifiable), {}, Hash(2), kVerified), IdentityDecision::kSupersede);
  EXPECT_EQ(DecideIdentity(Standing(1, kUnverifiable), {Other(2, OtherPayload::Kind::kConflict)}, Hash(2),
                           kVerified),
            IdentityDecision::kSupersede);
}

TEST(IdentityDecisionTest, AnotherPayloadOfNoHigherStandingIsAConflict) {
  EXPECT_EQ(DecideIdentity(Standing(1, kUnverifiable), {}, Hash(2), kUnverifiable),
            IdentityDecision::kConflict);
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), {}, Hash(2), kUnverifiable), IdentityDecision::kConflict);
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), {}, Hash(2), kVerified), IdentityDecision::kConflict);
}

TEST(IdentityDecisionTest, TheSameConflictIsStoredOnce) {
  const std::vector<OtherPayload> others = {Other(2, OtherPayload::Kind::kConflict)};
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), others, Hash(2), kVerified),
            IdentityDecision::kConflictAgain);
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), others, Hash(3), kVerified), IdentityDecision::kConflict);
}

TEST(IdentityDecisionTest, AReplacedPayloadIsStillADuplicateUnlessItComesVerified) {
  const std::vector<OtherPayload> others = {Other(2, OtherPayload::Kind::kReplaced)};
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), others, Hash(2), kUnverifiable),
            IdentityDecision::kDuplicateOfReplaced);
  EXPECT_EQ(DecideIdentity(Standing(1, kVerified), others, Hash(2), kVerified), IdentityDecision::kConflict);
}

}  // namespace
}  // namespace quartermaster::ingest
