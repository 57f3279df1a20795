// Errors about certificates, keys at rest and acknowledgement files. "got X, want Y" in messages.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_CRYPTO_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_CRYPTO_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::crypto {

// Certificates.
absl::Status CertificateMalformed(std::string_view message);
absl::Status CertificateBundleMalformed(std::string_view message);
absl::Status CertificateKeyUnsupported(std::string_view message);
absl::Status CertificateUdiInvalid(std::string_view message);
absl::Status CertificateNotYetValid(std::string_view message);
absl::Status CertificateExpired(std::string_view message);
// The chain does not end in a CA that is trusted, or a link of it may not sign.
absl::Status CertificateUntrusted(std::string_view message);

// Certificate requests (PKCS#10).
absl::Status CsrMalformed(std::string_view message);
// Not signed by the key that it holds, or with another algorithm than that key's with SHA-256.
absl::Status CsrSignatureInvalid(std::string_view message);

// Keys at rest.
absl::Status KeyEncryptionKeyInvalid(std::string_view message);
// The envelope names another key-encryption key.
absl::Status EnvelopeKeyMismatch(std::string_view message);
// Truncated, changed, or made for another purpose.
absl::Status EnvelopeInvalid(std::string_view message);

// Acknowledgement files.
absl::Status AcknowledgementFileMalformed(std::string_view message);
absl::Status AcknowledgementSignatureInvalid(std::string_view message);
absl::Status AcknowledgementForAnother(std::string_view message);
absl::Status AcknowledgementOutdated(std::string_view message);

// Authorization and reservation codes.
absl::Status AuthorizationCodeMalformed(std::string_view message);
absl::Status AuthorizationSignatureInvalid(std::string_view message);
absl::Status AuthorizationForAnother(std::string_view message);
absl::Status AuthorizationOutdated(std::string_view message);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_CRYPTO_ERRORS_H_
