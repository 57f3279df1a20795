// The keys that the authority signs with, opened.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNING_KEYS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNING_KEYS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::authority {

// What a key is for. A key has one purpose for ever.
enum class KeyPurpose { kCa, kAcknowledgement, kBlock, kAuthorization };

// "ca", "acknowledgement", "block", "authorization": column signing_keys.purpose.
const char* PurposeName(KeyPurpose purpose);
// None for a name that is not one of ours.
std::optional<KeyPurpose> ParsePurpose(std::string_view name);

struct SigningKey {
  KeyPurpose purpose;
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};

// A signature with what a verifier needs to check it.
struct DocumentSignature {
  crypto::Algorithm algorithm;
  std::string key_id;
  std::string value;
  // The signer's, then the CA's.
  std::vector<crypto::Certificate> certificates;
};

// Immutable; thread-safe. At most one current key for each purpose.
class SigningKeys {
 public:
  // `certificates`: of all keys, current and retired, CAs first.
  SigningKeys(std::vector<SigningKey> current, std::vector<crypto::Certificate> certificates);

  // Signs `domain` + `bytes` with the current key. `domain` is one of
  // services/common/crypto/signature_domains.h. `authority.signing_key_missing` without a key.
  absl::StatusOr<DocumentSignature> Sign(KeyPurpose purpose, const char* domain,
                                         std::string_view bytes) const;

  const std::vector<crypto::Certificate>& certificates() const { return certificates_; }
  // Null when there is none.
  const SigningKey* Current(KeyPurpose purpose) const;

 private:
  const std::vector<SigningKey> current_;
  const std::vector<crypto::Certificate> certificates_;
};

// Answers the keys of the moment; they change when one is renewed. Thread-safe.
using CurrentKeys = std::function<std::shared_ptr<const SigningKeys>()>;

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_SIGNING_KEYS_H_
