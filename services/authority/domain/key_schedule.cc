#include "services/authority/domain/key_schedule.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

using crypto::Algorithm;
using crypto::Certificate;
using crypto::CertificateAuthority;
using crypto::PrivateKey;
using crypto::Validity;

// Enough to tell keys apart by eye.
constexpr size_t kShownIdCharacters = 12;

const SigningKey* Find(std::span<const SigningKey> keys, KeyPurpose purpose) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const SigningKey& key) { return key.purpose == purpose; });
  return found == keys.end() ? nullptr : &*found;
}

bool NeedsSigner(const SigningKey* signer, const SigningKey* ca, absl::Time now) {
  if (signer == nullptr || ca == nullptr) return true;
  const absl::Time end = signer->certificate.not_after();
  if (end - now > kSignerRenewedBefore) return false;
  const absl::Time new_end = std::min(now + kSignerLifetime, ca->certificate.not_after());
  return new_end - end >= kRenewalGainMin;
}

std::string CommonName(const char* what, const PrivateKey& key) {
  return absl::StrCat("Quartermaster ", what, " ", key.Public().key_id().substr(0, kShownIdCharacters));
}

struct SignerKind {
  crypto::SigningUse use;
  const char* name;
};
SignerKind KindOf(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kAcknowledgement:
      return {crypto::SigningUse::kAcknowledgement, "Acknowledgements"};
    case KeyPurpose::kAuthorization:
      return {crypto::SigningUse::kAuthorization, "Authorizations"};
    default:
      return {crypto::SigningUse::kBlock, "Blocks"};
  }
}

}  // namespace

std::vector<KeyPurpose> KeysToMake(std::span<const SigningKey> current, absl::Time now,
                                   std::optional<KeyPurpose> needed) {
  std::vector<KeyPurpose> purposes;
  const SigningKey* ca = Find(current, KeyPurpose::kCa);
  if (ca == nullptr) purposes.push_back(KeyPurpose::kCa);
  for (KeyPurpose purpose : {KeyPurpose::kAcknowledgement, KeyPurpose::kBlock, KeyPurpose::kAuthorization}) {
    const SigningKey* signer = Find(current, purpose);
    const bool waits = purpose == KeyPurpose::kAuthorization && signer == nullptr && needed != purpose;
    if (!waits && NeedsSigner(signer, ca, now)) purposes.push_back(purpose);
  }
  return purposes;
}

absl::StatusOr<SigningKey> MakeCaKey(absl::Time now) {
  ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(Algorithm::kEcdsaP256Sha256));
  ASSIGN_OR_RETURN(
      const CertificateAuthority ca,
      CertificateAuthority::Create(key, CommonName("Authority", key), {now - kBackdated, now + kCaLifetime}));
  return SigningKey{KeyPurpose::kCa, std::move(key), ca.certificate()};
}

absl::StatusOr<SigningKey> MakeSignerKey(const SigningKey& ca, KeyPurpose purpose, absl::Time now) {
  ASSIGN_OR_RETURN(PrivateKey key, PrivateKey::Generate(Algorithm::kEcdsaP256Sha256));
  ASSIGN_OR_RETURN(const CertificateAuthority authority, CertificateAuthority::Open(ca.key, ca.certificate));
  const SignerKind kind = KindOf(purpose);
  ASSIGN_OR_RETURN(Certificate certificate,
                   authority.IssueSigner(key.Public(), kind.use, CommonName(kind.name, key),
                                         Validity{now - kBackdated, now + kSignerLifetime}));
  return SigningKey{purpose, std::move(key), std::move(certificate)};
}

}  // namespace quartermaster::authority
