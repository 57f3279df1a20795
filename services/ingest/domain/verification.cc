#include "services/ingest/domain/verification.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

constexpr size_t kKeyIdBytes = 64;
constexpr size_t kRsaSignatureBytes = 256;

absl::Status InForce(const TrustBinding& binding, int64_t received_s) {
  if (binding.revoked) return ReportCertificateRevoked();
  if (binding.retired_s.has_value() && received_s > *binding.retired_s) {
    return ReportKeyRetired(*binding.retired_s, received_s);
  }
  if (received_s < binding.not_before_s - kClockSkewS) {
    return ReportCertificateNotYetValid(binding.not_before_s, received_s);
  }
  if (received_s > binding.not_after_s + kClockSkewS) {
    return ReportCertificateExpired(binding.not_after_s, received_s);
  }
  return absl::OkStatus();
}

// OK when a certificate binds the key to `udi` and is in force; else the first one's reason.
absl::Status CheckBindings(const TrustedKey& trusted, const Udi& udi, int64_t received_s) {
  std::optional<absl::Status> first_reason;
  for (const TrustBinding& binding : trusted.bindings) {
    if (binding.udi != udi) continue;
    absl::Status status = InForce(binding, received_s);
    if (status.ok()) return status;
    if (!first_reason.has_value()) first_reason = std::move(status);
  }
  return first_reason.value_or(ReportKeyBoundElsewhere());
}

absl::Status CheckAlgorithm(const ReportSignature& signature, const crypto::PublicKey& key) {
  const std::string_view want = crypto::AlgorithmName(key.algorithm());
  if (signature.signing_type == want) return absl::OkStatus();
  return ReportAlgorithmMismatch(Quoted(signature.signing_type),
                                 absl::StrCat(Quoted(want), ", the algorithm of the key"));
}

absl::Status CheckSignature(const ReportSignature& signature, const crypto::PublicKey& key,
                            const crypto::Sha256Digest& payload_digest) {
  const absl::StatusOr<std::string> value = crypto::Base64Decode(signature.value);
  if (!value.ok()) {
    return SignatureMalformed("signature.value", std::string(value.status().message()), "strict base64");
  }
  if (key.algorithm() == crypto::Algorithm::kRsa2048Sha256 && value->size() != kRsaSignatureBytes) {
    return ReportSignatureInvalid(absl::StrCat(value->size(), " bytes"), absl::StrCat(kRsaSignatureBytes));
  }
  if (!key.VerifyDigest(payload_digest, *value)) {
    return ReportSignatureInvalid("a signature that does not check",
                                  "one over exactly the bytes of the payload");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsKeyId(std::string_view text) {
  return text.size() == kKeyIdBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<Verification> Verify(const ParsedReport& report, const crypto::Sha256Digest& payload_digest,
                                    int64_t received_s, const TrustLookup& lookup) {
  const ReportSignature& signature = report.signature;
  const std::shared_ptr<const TrustedKey> trusted =
      IsKeyId(signature.key) ? lookup.FindKey(signature.key) : nullptr;
  if (trusted == nullptr) {
    if (lookup.HasTrust(report.udi)) return ReportSignatureMissing(Quoted(signature.key));
    return Verification::kUnverifiable;
  }
  RETURN_IF_ERROR(CheckBindings(*trusted, report.udi, received_s));
  RETURN_IF_ERROR(CheckAlgorithm(signature, trusted->key));
  RETURN_IF_ERROR(CheckSignature(signature, trusted->key, payload_digest));
  return Verification::kVerified;
}

}  // namespace quartermaster::ingest
