// Decides which certificates of an import are good. Certificates stand alone: a bad one is refused
// with its place and reason, and never sinks the others.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_EXAMINE_CERTIFICATES_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_EXAMINE_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/certificate_chain.h"

namespace quartermaster::authority {

struct CertificateRefusal {
  // 1-based place in the PEM text.
  int place;
  // Empty when the certificate could not be read.
  std::string subject;
  absl::Status status;
};

struct ExaminedTrustCertificate {
  crypto::SubjectUdi udi;
  crypto::Certificate certificate;
  crypto::Algorithm algorithm;
};

struct ExaminedTrustCertificates {
  std::vector<ExaminedTrustCertificate> accepted;
  std::vector<CertificateRefusal> refusals;
};

// Good for verifying reports: bound to a UDI, a sound key that signs reports, no CA, valid at `now`, and a
// chain that ends in `anchors`.
ExaminedTrustCertificates ExamineTrustCertificates(const std::vector<crypto::BundledCertificate>& bundle,
                                                   const crypto::TrustAnchors& anchors, absl::Time now);

struct ExaminedCas {
  std::vector<crypto::Certificate> accepted;
  std::vector<CertificateRefusal> refusals;
};

// Good as an anchor: a CA certificate with a sound key that is valid at `now`. Whoever imports it vouches for
// it.
ExaminedCas ExamineManufacturerCas(const std::vector<crypto::BundledCertificate>& bundle, absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_EXAMINE_CERTIFICATES_H_
