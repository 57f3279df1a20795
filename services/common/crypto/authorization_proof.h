// The short codes by which a product instance proves what it did with an authorization code. Both sides
// compute them from the nonce inside the signed code, which nobody knows before the code is issued:
// docs/reference/formats.md, "Confirmation and removal codes".
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PROOF_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PROOF_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "services/common/crypto/certificate.h"

namespace quartermaster::crypto {

inline constexpr size_t kAuthorizationNonceBytes = 32;

// What a code is about.
struct AuthorizationName {
  SubjectUdi udi;
  int64_t authorization_id = 0;
  int64_t sequence = 0;
};

// 80 bits each, as "XXXX-XXXX-XXXX-XXXX" of digits and upper-case letters without I, L, O and U.
struct AuthorizationProofs {
  std::string confirmation_code;
  std::string removal_code;
};
AuthorizationProofs ProofsOf(std::string_view nonce, const AuthorizationName& name);

// SHA-256 of a proof, 32 bytes, however a person typed it: case, blanks and dashes do not matter, nor
// whether a digit was read as the letter that looks like it. Empty for what cannot be one.
std::string ProofHash(std::string_view typed);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_PROOF_H_
