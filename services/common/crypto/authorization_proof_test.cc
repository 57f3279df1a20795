#include "services/common/crypto/authorization_proof.h"

#include <gtest/gtest.h>

#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {
namespace {

const std::string kNonce(kAuthorizationNonceBytes, '\x07');
const AuthorizationName kName{{"C9300-24UX", "FCW0001"}, 12, 1'800'000'000};

// Computed by hand: printf 'quartermaster.authorization.…v1\nC9300-24UX\nFCW0001\n12\n1800000000' |
// openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07, the first ten bytes in Crockford's base 32.
TEST(AuthorizationProofTest, TheCodesAreThoseOfTheDocumentedRule) {
  const AuthorizationProofs proofs = ProofsOf(kNonce, kName);
  EXPECT_EQ(proofs.confirmation_code, "98JY-HSSK-BW96-VW0S");
  EXPECT_EQ(proofs.removal_code, "29SK-B6ST-3E2A-0T7P");
}

TEST(AuthorizationProofTest, NothingElseGivesTheSameCodes) {
  const AuthorizationProofs proofs = ProofsOf(kNonce, kName);
  const auto differs = [&](const std::string& nonce, const AuthorizationName& name) {
    const AuthorizationProofs other = ProofsOf(nonce, name);
    return other.confirmation_code != proofs.confirmation_code && other.removal_code != proofs.removal_code;
  };
  EXPECT_NE(proofs.confirmation_code, proofs.removal_code);
  EXPECT_TRUE(differs(std::string(kAuthorizationNonceBytes, '\x08'), kName));
  EXPECT_TRUE(differs(kNonce, {{"C9300-24UX", "FCW0002"}, 12, 1'800'000'000}));
  EXPECT_TRUE(differs(kNonce, {{"C9300-24UXF", "CW0001"}, 12, 1'800'000'000}));
  EXPECT_TRUE(differs(kNonce, {kName.udi, 13, 1'800'000'000}));
  EXPECT_TRUE(differs(kNonce, {kName.udi, 12, 1'800'000'001}));
}

TEST(AuthorizationProofTest, AProofMayBeTypedAsAPersonReadsIt) {
  const std::string hash = ProofHash("01AB-CDEF-GHJK-MNPQ");
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(ProofHash("oIab cdefghjkmnpq"), hash);
  EXPECT_NE(ProofHash("01AB-CDEF-GHJK-MNPR"), hash);
  for (const char* bad :
       {"", "01AB", "01AB-CDEF-GHJK-MNPQ-0", "01AB-CDEF-GHJK-MNP!", "01AB-CDEF-GHJK-MNPU"}) {
    EXPECT_EQ(ProofHash(bad), "") << bad;
  }
}

}  // namespace
}  // namespace quartermaster::crypto
