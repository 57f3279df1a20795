// An X.509 certificate that was read from bytes of strangers: what of it we show, store and decide
// by. Reading proves nothing; CertificateChain says whether it can be trusted.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/signature.h"

typedef struct x509_st X509;

namespace quartermaster::crypto {

// Real certificates are 1 to 2 KiB.
inline constexpr size_t kCertificateBytesMax = 64 << 10;
inline constexpr size_t kCertificateBundleBytesMax = 64 << 20;
inline constexpr int kCertificateBundleCountMax = 50000;
// Clocks of devices and nodes may differ by this much.
inline constexpr absl::Duration kClockSkewMax = absl::Hours(1);

// The UDI that a product instance's certificate is bound to.
struct SubjectUdi {
  std::string product_id;
  std::string serial_number;
  bool operator==(const SubjectUdi&) const = default;
};

// "PID:<product id> SN:<serial number>", the subject's serialNumber attribute (IEEE 802.1AR, as the
// vendor's own device certificates write it). Each part is 1 to 64 printable ASCII characters
// without a blank.
std::string FormatSubjectSerialNumber(const SubjectUdi& udi);
absl::StatusOr<SubjectUdi> ParseSubjectSerialNumber(std::string_view text);

// What a certificate under the authority's CA may sign: its one extended key usage, an OID of ours.
// Whoever trusts a signature asks for it, because certificates of other uses come from the same CA.
enum class SigningUse { kAcknowledgement, kBlock, kAuthorization };
// In dotted form. The arc is a UUID's (ITU-T X.667), so nobody else uses it.
const char* SigningUseOid(SigningUse use);

// Immutable; thread-safe. Copies share the parsed form.
class Certificate {
 public:
  // Exactly one certificate in DER, nothing after it. Keys: RSA of 2,048 to 8,192 bits, P-256,
  // P-384 or P-521. `crypto.certificate_malformed`, `crypto.certificate_key_unsupported`.
  static absl::StatusOr<Certificate> FromDer(std::string_view der);
  // A text with exactly one PEM block.
  static absl::StatusOr<Certificate> FromPem(std::string_view pem);

  const std::string& der() const;
  std::string ToPem() const;
  // RFC 2253 form in ASCII, at most 512 bytes; control and other characters are escaped.
  const std::string& subject() const;
  const std::string& issuer() const;
  // Lower-case hex.
  const std::string& serial_number() const;
  absl::Time not_before() const;
  absl::Time not_after() const;
  // Lower-case hex SHA-256 of the SubjectPublicKeyInfo.
  const std::string& key_id() const;
  // Whether basicConstraints say that it is a CA.
  bool is_ca() const;
  // Whether it is meant for this use and no other.
  bool AllowsSigning(SigningUse use) const;
  // Whether subject and issuer are the same name.
  bool is_self_issued() const;

  // The one serialNumber attribute of the subject, read as a UDI: `crypto.certificate_udi_invalid`.
  absl::StatusOr<SubjectUdi> Udi() const;
  // Only RSA-2048 and P-256 sign reports: `crypto.certificate_key_unsupported` for others.
  absl::StatusOr<PublicKey> Key() const;
  // The long check of the numbers of its key, of any kind (RSA modulus composite and without small
  // factors, point of the right order): `crypto.certificate_key_unsupported`. Milliseconds: when a
  // certificate is imported, not when it is loaded.
  absl::Status CheckKeyForImport() const;
  // Valid at `at`, give or take kClockSkewMax. `crypto.certificate_expired` or `…_not_yet_valid`.
  absl::Status CheckValidity(absl::Time at) const;

  X509* get() const;

 private:
  struct Parts;
  explicit Certificate(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

// One PEM block of a bundle: the certificate, or why there is none.
struct BundledCertificate {
  // 1-based place among the blocks.
  int place;
  absl::StatusOr<Certificate> certificate;
};

// Reads all PEM blocks of a text; what stands between them is skipped. A bad block does not sink
// the others. `crypto.certificate_bundle_malformed` when the text holds no block at all or exceeds
// the limits above.
absl::StatusOr<std::vector<BundledCertificate>> ParseCertificateBundle(std::string_view pem);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_H_
