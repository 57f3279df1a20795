// Reading the file of an authorization code or reservation code (docs/reference/formats.md) as a product
// instance does: nothing of it is believed before its signature checks under a CA that the reader has pinned.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_FILE_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"

namespace quartermaster::crypto {

inline constexpr size_t kAuthorizationFileBytesMax = 1 << 20;

// `count` of a license, while start <= time < end.
struct AuthorizedEntitlement {
  std::string entitlement_tag;
  int64_t count = 0;
  absl::Time start;
  std::optional<absl::Time> end;
  std::string display_name;
};

struct AuthorizationFile {
  AuthorizationName name;
  bool reservation = false;
  std::vector<AuthorizedEntitlement> entitlements;
  // What the product instance shows once it has installed, and removed, the code.
  AuthorizationProofs proofs;
};

// Who reads, and when.
struct AuthorizationReader {
  SubjectUdi udi;
  absl::Time now;
};

// Immutable; thread-safe.
class AuthorizationVerifier {
 public:
  // `pinned`: the answer to GetAuthorityCertificates. Its CAs are trusted; its signers are needed for
  // reservation codes, which carry no certificate. At least one must be a CA.
  static absl::StatusOr<AuthorizationVerifier> Create(std::span<const Certificate> pinned);

  // The code's content, once everything checks. Errors, in this order:
  //   crypto.authorization_code_malformed    neither kind of code, cut off, or re-encoded
  //   crypto.certificate_expired, …_not_yet_valid, …_untrusted
  //   crypto.authorization_signature_invalid wrong key, wrong algorithm, changed content
  //   crypto.authorization_for_another       of another product instance
  absl::StatusOr<AuthorizationFile> Verify(std::string_view file, const AuthorizationReader& reader) const;

 private:
  AuthorizationVerifier(TrustAnchors anchors, std::vector<Certificate> signers)
      : anchors_(std::move(anchors)), signers_(std::move(signers)) {}
  absl::StatusOr<AuthorizationFile> VerifyAuthorization(std::string_view file, absl::Time now) const;
  absl::StatusOr<AuthorizationFile> VerifyReservation(std::string_view file, absl::Time now) const;

  TrustAnchors anchors_;
  std::vector<Certificate> signers_;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_AUTHORIZATION_FILE_H_
