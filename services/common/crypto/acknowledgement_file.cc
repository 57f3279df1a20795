#include "services/common/crypto/acknowledgement_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/acknowledgement_payload.h"
#include "services/common/crypto/acknowledgement_xml.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

// One content has one encoding: the format is ASCII, so UTF-16 and byte-order marks are none of it.
absl::Status CheckIsAscii(std::string_view file) {
  const auto bad = std::find_if(file.begin(), file.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > '~' || (byte < ' ' && c != '\n' && c != '\r' && c != '\t');
  });
  if (bad == file.end()) return absl::OkStatus();
  return AcknowledgementFileMalformed(
      absl::StrCat("file: got a byte that is not ASCII text at ", bad - file.begin()));
}

absl::Status CheckIsOurs(std::string_view file) {
  if (file.size() > kAcknowledgementFileBytesMax) {
    return AcknowledgementFileMalformed(
        absl::StrCat("file: got ", file.size(), " bytes, want at most ", kAcknowledgementFileBytesMax));
  }
  return CheckIsAscii(file);
}

absl::Status CheckReader(const SubjectUdi& udi, int64_t sequence, const AcknowledgementReader& reader) {
  if (udi != reader.udi) {
    return AcknowledgementForAnother(absl::StrCat("udi: got ", FormatSubjectSerialNumber(udi), ", want ",
                                                  FormatSubjectSerialNumber(reader.udi)));
  }
  if (sequence < reader.sequence_seen) {
    return AcknowledgementOutdated(
        absl::StrCat("sequence: got ", sequence, ", want at least ", reader.sequence_seen));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AcknowledgementVerifier> AcknowledgementVerifier::Create(std::span<const Certificate> pinned) {
  std::vector<Certificate> cas;
  for (const Certificate& certificate : pinned) {
    if (certificate.is_ca()) cas.push_back(certificate);
  }
  if (cas.empty()) {
    return CertificateUntrusted("pinned certificates: got no CA, want at least one");
  }
  ASSIGN_OR_RETURN(TrustAnchors anchors, TrustAnchors::Create(cas));
  return AcknowledgementVerifier(std::move(anchors));
}

absl::StatusOr<std::string> AcknowledgementVerifier::VerifiedPayload(std::string_view json,
                                                                     const char* domain,
                                                                     absl::Time now) const {
  ASSIGN_OR_RETURN(SignedEnvelope envelope, ParseSignedEnvelope(json));
  const Certificate& signer = envelope.certificates.front();
  RETURN_IF_ERROR(anchors_.Verify(signer, std::span(envelope.certificates).subspan(1), now));
  // The same CA may certify other keys, those of product instances among them.
  if (!signer.AllowsSigning(SigningUse::kAcknowledgement)) {
    return CertificateUntrusted(absl::StrCat(signer.subject(),
                                             ": got a certificate for another use, want one that is for "
                                             "signing acknowledgements"));
  }
  ASSIGN_OR_RETURN(const PublicKey key, signer.Key());
  if (key.key_id() != envelope.key_id) {
    return AcknowledgementSignatureInvalid(
        absl::StrCat("key_id: want that of the signing certificate, ", key.key_id()));
  }
  if (key.algorithm() != envelope.algorithm) {
    return AcknowledgementSignatureInvalid(
        absl::StrCat("alg: got ", std::string(AlgorithmName(envelope.algorithm)), ", want that of the key, ",
                     std::string(AlgorithmName(key.algorithm()))));
  }
  if (!key.Verify(absl::StrCat(domain, envelope.payload), envelope.signature)) {
    return AcknowledgementSignatureInvalid(
        absl::StrCat("value: is not the signature of key ", envelope.key_id, " over the payload"));
  }
  return std::move(envelope.payload);
}

absl::StatusOr<AcknowledgementFile> AcknowledgementVerifier::Verify(
    std::string_view file, const AcknowledgementReader& reader) const {
  RETURN_IF_ERROR(CheckIsOurs(file));
  ASSIGN_OR_RETURN(const AcknowledgementXml xml, ReadAcknowledgementXml(file));
  ASSIGN_OR_RETURN(const std::string payload,
                   VerifiedPayload(xml.acknowledgement, kAcknowledgementDomain, reader.now));
  ASSIGN_OR_RETURN(const std::string policy_payload, VerifiedPayload(xml.policy, kPolicyDomain, reader.now));
  AcknowledgementFile result;
  RETURN_IF_ERROR(ParseAcknowledgementPayload(payload, result));
  RETURN_IF_ERROR(ParsePolicyPayload(policy_payload, result));
  RETURN_IF_ERROR(CheckReader(result.udi, result.sequence, reader));
  return result;
}

absl::StatusOr<PolicyFile> AcknowledgementVerifier::VerifyPolicy(std::string_view file,
                                                                 const AcknowledgementReader& reader) const {
  RETURN_IF_ERROR(CheckIsOurs(file));
  ASSIGN_OR_RETURN(const std::string envelope, ReadPolicyXml(file));
  ASSIGN_OR_RETURN(const std::string payload, VerifiedPayload(envelope, kPolicyDomain, reader.now));
  PolicyFile result;
  RETURN_IF_ERROR(ParsePolicyFilePayload(payload, result));
  RETURN_IF_ERROR(CheckReader(result.udi, result.sequence, reader));
  if (result.issued_at < reader.policy_issued_at) {
    return AcknowledgementOutdated(absl::StrCat("issued_at: got ", absl::ToUnixSeconds(result.issued_at),
                                                ", want at least that of the policy that is installed, ",
                                                absl::ToUnixSeconds(reader.policy_issued_at)));
  }
  return result;
}

}  // namespace quartermaster::crypto
