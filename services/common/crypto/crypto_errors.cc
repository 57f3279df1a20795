#include "services/common/crypto/crypto_errors.h"

#include "services/common/errors/error.h"

namespace quartermaster::crypto {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kCertificateMalformed =
    RegisterErrorKind({"crypto.certificate_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCertificateBundleMalformed =
    RegisterErrorKind({"crypto.certificate_bundle_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCertificateKeyUnsupported =
    RegisterErrorKind({"crypto.certificate_key_unsupported", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCertificateUdiInvalid =
    RegisterErrorKind({"crypto.certificate_udi_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCertificateNotYetValid =
    RegisterErrorKind({"crypto.certificate_not_yet_valid", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kCertificateExpired =
    RegisterErrorKind({"crypto.certificate_expired", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kCertificateUntrusted =
    RegisterErrorKind({"crypto.certificate_untrusted", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kCsrMalformed =
    RegisterErrorKind({"crypto.csr_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCsrSignatureInvalid =
    RegisterErrorKind({"crypto.csr_signature_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kKeyEncryptionKeyInvalid =
    RegisterErrorKind({"crypto.key_encryption_key_invalid", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kEnvelopeKeyMismatch =
    RegisterErrorKind({"crypto.envelope_key_mismatch", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kEnvelopeInvalid =
    RegisterErrorKind({"crypto.envelope_invalid", absl::StatusCode::kDataLoss, false});
const ErrorKind kAcknowledgementFileMalformed =
    RegisterErrorKind({"crypto.acknowledgement_file_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kAcknowledgementSignatureInvalid = RegisterErrorKind(
    {"crypto.acknowledgement_signature_invalid", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kAcknowledgementForAnother =
    RegisterErrorKind({"crypto.acknowledgement_for_another", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kAcknowledgementOutdated =
    RegisterErrorKind({"crypto.acknowledgement_outdated", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationCodeMalformed =
    RegisterErrorKind({"crypto.authorization_code_malformed", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kAuthorizationSignatureInvalid = RegisterErrorKind(
    {"crypto.authorization_signature_invalid", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationForAnother =
    RegisterErrorKind({"crypto.authorization_for_another", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kAuthorizationOutdated =
    RegisterErrorKind({"crypto.authorization_outdated", absl::StatusCode::kFailedPrecondition, false});

}  // namespace

absl::Status CertificateMalformed(std::string_view message) {
  return MakeError(kCertificateMalformed, message);
}
absl::Status CertificateBundleMalformed(std::string_view message) {
  return MakeError(kCertificateBundleMalformed, message);
}
absl::Status CertificateKeyUnsupported(std::string_view message) {
  return MakeError(kCertificateKeyUnsupported, message);
}
absl::Status CertificateUdiInvalid(std::string_view message) {
  return MakeError(kCertificateUdiInvalid, message);
}
absl::Status CertificateNotYetValid(std::string_view message) {
  return MakeError(kCertificateNotYetValid, message);
}
absl::Status CertificateExpired(std::string_view message) { return MakeError(kCertificateExpired, message); }
absl::Status CertificateUntrusted(std::string_view message) {
  return MakeError(kCertificateUntrusted, message);
}
absl::Status CsrMalformed(std::string_view message) { return MakeError(kCsrMalformed, message); }
absl::Status CsrSignatureInvalid(std::string_view message) {
  return MakeError(kCsrSignatureInvalid, message);
}
absl::Status KeyEncryptionKeyInvalid(std::string_view message) {
  return MakeError(kKeyEncryptionKeyInvalid, message);
}
absl::Status EnvelopeKeyMismatch(std::string_view message) {
  return MakeError(kEnvelopeKeyMismatch, message);
}
absl::Status EnvelopeInvalid(std::string_view message) { return MakeError(kEnvelopeInvalid, message); }
absl::Status AcknowledgementFileMalformed(std::string_view message) {
  return MakeError(kAcknowledgementFileMalformed, message);
}
absl::Status AcknowledgementSignatureInvalid(std::string_view message) {
  return MakeError(kAcknowledgementSignatureInvalid, message);
}
absl::Status AcknowledgementForAnother(std::string_view message) {
  return MakeError(kAcknowledgementForAnother, message);
}
absl::Status AcknowledgementOutdated(std::string_view message) {
  return MakeError(kAcknowledgementOutdated, message);
}
absl::Status AuthorizationCodeMalformed(std::string_view message) {
  return MakeError(kAuthorizationCodeMalformed, message);
}
absl::Status AuthorizationSignatureInvalid(std::string_view message) {
  return MakeError(kAuthorizationSignatureInvalid, message);
}
absl::Status AuthorizationForAnother(std::string_view message) {
  return MakeError(kAuthorizationForAnother, message);
}
absl::Status AuthorizationOutdated(std::string_view message) {
  return MakeError(kAuthorizationOutdated, message);
}

}  // namespace quartermaster::crypto
