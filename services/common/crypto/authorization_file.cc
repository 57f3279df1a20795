#include "services/common/crypto/authorization_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/acknowledgement_payload.h"
#include "services/common/crypto/authorization_payload.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"
#include "services/common/text/xml_texts.h"

namespace quartermaster::crypto {
namespace {

constexpr std::string_view kReservationBegin = "<specificPLR>";
constexpr std::string_view kReservationEnd = "</specificPLR>";

absl::Status CheckMaySign(const Certificate& signer) {
  // The same CA may certify other keys, those of product instances among them.
  if (signer.AllowsSigning(SigningUse::kAuthorization)) return absl::OkStatus();
  return CertificateUntrusted(
      absl::StrCat(signer.subject(),
                   ": got a certificate for another use, want one that is for signing authorization codes"));
}

// What stands between `begin` and `end` at the start of `rest`, which is cut off; no other form is ours.
absl::StatusOr<std::string_view> Cut(std::string_view begin, std::string_view end, std::string_view& rest) {
  const size_t found = rest.find(end);
  if (!rest.starts_with(begin) || found == std::string_view::npos) {
    return AuthorizationCodeMalformed(absl::StrCat("file: want ", std::string(begin), "…", std::string(end)));
  }
  const std::string_view inside = rest.substr(begin.size(), found - begin.size());
  rest.remove_prefix(found + end.size());
  return inside;
}

std::string_view WithoutTrailingLines(std::string_view file) {
  while (!file.empty() && (file.back() == '\n' || file.back() == '\r')) file.remove_suffix(1);
  return file;
}

}  // namespace

absl::StatusOr<AuthorizationVerifier> AuthorizationVerifier::Create(std::span<const Certificate> pinned) {
  std::vector<Certificate> cas, signers;
  for (const Certificate& certificate : pinned) {
    if (certificate.is_ca()) {
      cas.push_back(certificate);
    } else if (certificate.AllowsSigning(SigningUse::kAuthorization)) {
      signers.push_back(certificate);
    }
  }
  if (cas.empty()) return CertificateUntrusted("pinned certificates: got no CA, want at least one");
  ASSIGN_OR_RETURN(TrustAnchors anchors, TrustAnchors::Create(cas));
  return AuthorizationVerifier(std::move(anchors), std::move(signers));
}

absl::StatusOr<AuthorizationFile> AuthorizationVerifier::VerifyAuthorization(std::string_view file,
                                                                             absl::Time now) const {
  const absl::StatusOr<std::vector<text::XmlText>> texts = text::ReadXmlTexts(file);
  if (!texts.ok()) return AuthorizationCodeMalformed(absl::StrCat("file: ", texts.status().message()));
  if (texts->size() != 1 || texts->front().path != "/smartLicense/smartLicenseAuthorizationCode/data") {
    return AuthorizationCodeMalformed("file: want one <smartLicenseAuthorizationCode>");
  }
  const absl::StatusOr<SignedEnvelope> envelope = ParseSignedEnvelope(texts->front().text);
  if (!envelope.ok()) return AuthorizationCodeMalformed(std::string(envelope.status().message()));
  const Certificate& signer = envelope->certificates.front();
  RETURN_IF_ERROR(anchors_.Verify(signer, std::span(envelope->certificates).subspan(1), now));
  RETURN_IF_ERROR(CheckMaySign(signer));
  ASSIGN_OR_RETURN(const PublicKey key, signer.Key());
  if (key.key_id() != envelope->key_id || key.algorithm() != envelope->algorithm ||
      !key.Verify(absl::StrCat(kAuthorizationDomain, envelope->payload), envelope->signature)) {
    return AuthorizationSignatureInvalid(
        absl::StrCat("signature: want that of key ", key.key_id(), " over the payload, by its algorithm"));
  }
  return ParseAuthorizationPayload(envelope->payload);
}

absl::StatusOr<AuthorizationFile> AuthorizationVerifier::VerifyReservation(std::string_view file,
                                                                           absl::Time now) const {
  std::string_view rest = file.substr(kReservationBegin.size());
  ASSIGN_OR_RETURN(const std::string_view code, Cut("<authorizationCode>", "</authorizationCode>", rest));
  ASSIGN_OR_RETURN(const std::string_view signature_text, Cut("<signature>", "</signature>", rest));
  ASSIGN_OR_RETURN(const std::string_view udi, Cut("<udi>", "</udi>", rest));
  if (rest != kReservationEnd) return AuthorizationCodeMalformed("file: want </specificPLR> after <udi>");
  const absl::StatusOr<std::string> signature = Base64Decode(signature_text);
  if (!signature.ok()) return AuthorizationCodeMalformed("signature: want base64");
  const std::string element = absl::StrCat("<authorizationCode>", std::string(code), "</authorizationCode>");
  const std::string signed_bytes = absl::StrCat(kReservationDomain, element, std::string(udi));
  if (signers_.empty())
    return CertificateUntrusted("pinned certificates: got no signer of authorization codes");
  for (const Certificate& signer : signers_) {
    ASSIGN_OR_RETURN(const PublicKey key, signer.Key());
    if (!key.Verify(signed_bytes, *signature)) continue;
    RETURN_IF_ERROR(anchors_.Verify(signer, {}, now));
    return ParseReservation(element, udi);
  }
  return AuthorizationSignatureInvalid(
      "signature: want that of a pinned signer over <authorizationCode> and <udi>");
}

absl::StatusOr<AuthorizationFile> AuthorizationVerifier::Verify(std::string_view file,
                                                                const AuthorizationReader& reader) const {
  if (file.size() > kAuthorizationFileBytesMax) {
    return AuthorizationCodeMalformed(
        absl::StrCat("file: got ", file.size(), " bytes, want at most ", kAuthorizationFileBytesMax));
  }
  file = WithoutTrailingLines(file);
  ASSIGN_OR_RETURN(AuthorizationFile result, file.starts_with(kReservationBegin)
                                                 ? VerifyReservation(file, reader.now)
                                                 : VerifyAuthorization(file, reader.now));
  if (result.name.udi != reader.udi) {
    return AuthorizationForAnother(absl::StrCat("udi: got ", FormatSubjectSerialNumber(result.name.udi),
                                                ", want ", FormatSubjectSerialNumber(reader.udi)));
  }
  return result;
}

}  // namespace quartermaster::crypto
