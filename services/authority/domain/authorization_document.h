// The code of an authorization or reservation as a file for its product instance:
// docs/reference/formats.md.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORIZATION_DOCUMENT_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORIZATION_DOCUMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/signing_keys.h"
#include "services/common/crypto/authorization_proof.h"

namespace quartermaster::authority {

struct AuthorizedLot {
  std::string entitlement_tag;
  int64_t count = 0;
  absl::Time start;
  std::optional<absl::Time> end;
  bool subscription = false;
  std::string display_name, description, subscription_id;
};

struct AuthorizationContent {
  crypto::AuthorizationName name;
  absl::Time issued_at;
  bool reservation = false;
  std::vector<AuthorizedLot> lots;
};

// `nonce`: kAuthorizationNonceBytes random bytes, drawn for this code; its proofs come from them.
absl::StatusOr<std::string> ComposeAuthorizationCode(const AuthorizationContent& content,
                                                     const std::string& nonce, const SigningKeys& keys);

// `authority.field_invalid` for what no code can say.
absl::Status CheckAuthorizationContent(const AuthorizationContent& content);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORIZATION_DOCUMENT_H_
