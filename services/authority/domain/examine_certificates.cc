#include "services/authority/domain/examine_certificates.h"

#include <utility>

#include "absl/status/statusor.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

using crypto::BundledCertificate;
using crypto::Certificate;

absl::StatusOr<ExaminedTrustCertificate> ExamineTrustCertificate(const Certificate& certificate,
                                                                 const crypto::TrustAnchors& anchors,
                                                                 absl::Time now) {
  if (certificate.is_ca()) return CaAsTrustCertificate(certificate.subject());
  ASSIGN_OR_RETURN(crypto::SubjectUdi udi, certificate.Udi());
  ASSIGN_OR_RETURN(const crypto::PublicKey key, certificate.Key());
  RETURN_IF_ERROR(certificate.CheckKeyForImport());
  RETURN_IF_ERROR(anchors.Verify(certificate, {}, now));
  return ExaminedTrustCertificate{std::move(udi), certificate, key.algorithm()};
}

absl::StatusOr<Certificate> ExamineCa(const Certificate& certificate, absl::Time now) {
  if (!certificate.is_ca()) return NotACaCertificate(certificate.subject());
  RETURN_IF_ERROR(certificate.CheckValidity(now));
  RETURN_IF_ERROR(certificate.CheckKeyForImport());
  return certificate;
}

// Sorts what `examine` says about each certificate into `result`.
template <typename Result, typename Examine>
void ExamineAll(const std::vector<BundledCertificate>& bundle, Examine examine, Result& result) {
  for (const BundledCertificate& entry : bundle) {
    if (!entry.certificate.ok()) {
      result.refusals.push_back({entry.place, "", entry.certificate.status()});
      continue;
    }
    auto examined = examine(*entry.certificate);
    if (examined.ok()) {
      result.accepted.push_back(*std::move(examined));
    } else {
      result.refusals.push_back({entry.place, entry.certificate->subject(), std::move(examined).status()});
    }
  }
}

}  // namespace

ExaminedTrustCertificates ExamineTrustCertificates(const std::vector<BundledCertificate>& bundle,
                                                   const crypto::TrustAnchors& anchors, absl::Time now) {
  ExaminedTrustCertificates result;
  ExamineAll(
      bundle,
      [&](const Certificate& certificate) { return ExamineTrustCertificate(certificate, anchors, now); },
      result);
  return result;
}

ExaminedCas ExamineManufacturerCas(const std::vector<BundledCertificate>& bundle, absl::Time now) {
  ExaminedCas result;
  ExamineAll(
      bundle, [&](const Certificate& certificate) { return ExamineCa(certificate, now); }, result);
  return result;
}

}  // namespace quartermaster::authority
