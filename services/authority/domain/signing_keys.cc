#include "services/authority/domain/signing_keys.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {

const char* PurposeName(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kCa:
      return "ca";
    case KeyPurpose::kAcknowledgement:
      return "acknowledgement";
    case KeyPurpose::kBlock:
      return "block";
    case KeyPurpose::kAuthorization:
      return "authorization";
  }
  return "";
}

std::optional<KeyPurpose> ParsePurpose(std::string_view name) {
  for (KeyPurpose purpose :
       {KeyPurpose::kCa, KeyPurpose::kAcknowledgement, KeyPurpose::kBlock, KeyPurpose::kAuthorization}) {
    if (name == PurposeName(purpose)) return purpose;
  }
  return std::nullopt;
}

SigningKeys::SigningKeys(std::vector<SigningKey> current, std::vector<crypto::Certificate> certificates)
    : current_(std::move(current)), certificates_(std::move(certificates)) {}

const SigningKey* SigningKeys::Current(KeyPurpose purpose) const {
  for (const SigningKey& key : current_) {
    if (key.purpose == purpose) return &key;
  }
  return nullptr;
}

absl::StatusOr<DocumentSignature> SigningKeys::Sign(KeyPurpose purpose, const char* domain,
                                                    std::string_view bytes) const {
  const SigningKey* signer = Current(purpose);
  const SigningKey* ca = Current(KeyPurpose::kCa);
  if (signer == nullptr || ca == nullptr) return SigningKeyMissing(PurposeName(purpose));
  ASSIGN_OR_RETURN(std::string value, signer->key.Sign(absl::StrCat(domain, std::string(bytes))));
  return DocumentSignature{signer->key.algorithm(),
                           signer->certificate.key_id(),
                           std::move(value),
                           {signer->certificate, ca->certificate}};
}

}  // namespace quartermaster::authority
