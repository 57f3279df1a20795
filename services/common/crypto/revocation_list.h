// The X.509 CRL of a CA.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_REVOCATION_LIST_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_REVOCATION_LIST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"
#include "services/common/crypto/signature.h"

namespace quartermaster::crypto {

struct RevokedCertificate {
  // Certificate::serial_number.
  std::string serial_number;
  absl::Time revoked_at;
  // RFC 5280, 5.3.1; 0 is not written down.
  int reason = 0;
};

struct RevocationListContent {
  int64_t number = 0;
  absl::Time issued_at;
  absl::Time next_update;
  std::vector<RevokedCertificate> revoked;
};

// A version 2 CRL in DER, signed by `key`, which is the one of `ca`.
absl::StatusOr<std::string> SignRevocationList(const PrivateKey& key, const Certificate& ca,
                                               const RevocationListContent& content);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_REVOCATION_LIST_H_
