// A CA with its private key: makes itself and issues certificates. Used for the authority's own
// keys, the gateway's TLS, and the manufacturer of simulated product instances.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_AUTHORITY_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_AUTHORITY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {

struct Validity {
  absl::Time not_before;
  absl::Time not_after;
};

struct ServerNames {
  std::vector<std::string> dns_names;
  // IPv4 or IPv6 in text form.
  std::vector<std::string> ip_addresses;
};

// Immutable; thread-safe. Serial numbers are 127 random bits. A certificate never outlives the CA:
// its end is cut to the CA's.
class CertificateAuthority {
 public:
  // A new self-signed CA that may sign leaves only. `common_name`: 1 to 64 bytes of UTF-8.
  static absl::StatusOr<CertificateAuthority> Create(const PrivateKey& key, std::string_view common_name,
                                                     Validity validity);
  // An existing one: `crypto.certificate_untrusted` when the key is not the certificate's or the
  // certificate is no CA.
  static absl::StatusOr<CertificateAuthority> Open(PrivateKey key, Certificate certificate);

  // For a TLS server that also calls others (mTLS): the first name is the common name; all names
  // are in subjectAltName. At least one name is needed.
  absl::StatusOr<Certificate> IssueServer(const PublicKey& key, const ServerNames& names,
                                          Validity validity) const;
  // For a TLS client.
  absl::StatusOr<Certificate> IssueClient(const PublicKey& key, std::string_view common_name,
                                          Validity validity) const;
  // For a product instance: subject serialNumber "PID:… SN:…".
  absl::StatusOr<Certificate> IssueProductInstance(const PublicKey& key, const SubjectUdi& udi,
                                                   Validity validity) const;
  // For a key of the authority that signs documents of one use.
  absl::StatusOr<Certificate> IssueSigner(const PublicKey& key, SigningUse use, std::string_view common_name,
                                          Validity validity) const;

  const Certificate& certificate() const { return certificate_; }

 private:
  CertificateAuthority(PrivateKey key, Certificate certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  PrivateKey key_;
  Certificate certificate_;
};

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_CERTIFICATE_AUTHORITY_H_
