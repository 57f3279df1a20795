// A PKCS#10 certificate request: a key that asks for a certificate, and proves that it is there.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_REQUEST_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_REQUEST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {

// Real requests are about 1 KiB.
inline constexpr size_t kCertificateRequestBytesMax = 16 << 10;

// Immutable; thread-safe.
class CertificateRequest {
 public:
  // Exactly one PEM block; DER with nothing after it. What comes back is worth a certificate: the key is
  // RSA-2048 or P-256 with sound numbers, the request is signed by it with SHA-256 and no other digest, and
  // the subject names one UDI. Extensions that it asks for are not read.
  // `crypto.csr_malformed`, `crypto.csr_signature_invalid`, `crypto.certificate_key_unsupported`,
  // `crypto.certificate_udi_invalid`. Costs some milliseconds for RSA.
  static absl::StatusOr<CertificateRequest> FromPem(std::string_view pem);
  static absl::StatusOr<CertificateRequest> FromDer(std::string_view der);
  // A product instance's own.
  static absl::StatusOr<CertificateRequest> Make(const PrivateKey& key, const SubjectUdi& udi);

  const std::string& der() const { return der_; }
  std::string ToPem() const;
  const PublicKey& key() const { return key_; }
  const SubjectUdi& udi() const { return udi_; }

 private:
  CertificateRequest(std::string der, PublicKey key, SubjectUdi udi)
      : der_(std::move(der)), key_(std::move(key)), udi_(std::move(udi)) {}

  std::string der_;
  PublicKey key_;
  SubjectUdi udi_;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_REQUEST_H_
