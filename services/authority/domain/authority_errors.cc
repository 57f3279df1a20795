#include "services/authority/domain/authority_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::authority {
namespace {

using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kFieldInvalid =
    RegisterErrorKind({"authority.field_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kSmartAccountUnknown =
    RegisterErrorKind({"authority.smart_account_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kProductInstanceUnknown =
    RegisterErrorKind({"authority.product_instance_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kAcknowledgementNotReady =
    RegisterErrorKind({"authority.acknowledgement_not_ready", absl::StatusCode::kNotFound, true});
const ErrorKind kVendorAcknowledgementRequired = RegisterErrorKind(
    {"authority.vendor_acknowledgement_required", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kPollUnknown =
    RegisterErrorKind({"authority.poll_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kNotACaCertificate =
    RegisterErrorKind({"authority.not_a_ca_certificate", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCaAsTrustCertificate =
    RegisterErrorKind({"authority.ca_as_trust_certificate", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kTrustCodeUnknown =
    RegisterErrorKind({"authority.trust_code_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kTrustKeyRevoked =
    RegisterErrorKind({"authority.trust_key_revoked", absl::StatusCode::kPermissionDenied, false});
const ErrorKind kTrustKeyRetired =
    RegisterErrorKind({"authority.trust_key_retired", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kTrustKeyReplaced =
    RegisterErrorKind({"authority.trust_key_replaced", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kTrustCodeExpired =
    RegisterErrorKind({"authority.trust_code_expired", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kTrustKeyNotFresh =
    RegisterErrorKind({"authority.trust_key_not_fresh", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kTrustRevoked =
    RegisterErrorKind({"authority.trust_revoked", absl::StatusCode::kPermissionDenied, false});
const ErrorKind kTrustProofInvalid =
    RegisterErrorKind({"authority.trust_proof_invalid", absl::StatusCode::kPermissionDenied, false});
const ErrorKind kClockSkewExceeded =
    RegisterErrorKind({"authority.clock_skew_exceeded", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kProductInstanceElsewhere =
    RegisterErrorKind({"authority.product_instance_elsewhere", absl::StatusCode::kFailedPrecondition, false});
const ErrorKind kSigningKeyMissing =
    RegisterErrorKind({"authority.signing_key_missing", absl::StatusCode::kInternal, false});
const ErrorKind kBlockHashInvalid =
    RegisterErrorKind({"authority.block_hash_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kOpeningHashInvalid =
    RegisterErrorKind({"authority.opening_hash_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kCodeIssuedForOtherContent =
    RegisterErrorKind({"authority.code_issued_for_other_content", absl::StatusCode::kAlreadyExists, false});
const ErrorKind kCodeUnknown =
    RegisterErrorKind({"authority.code_unknown", absl::StatusCode::kNotFound, false});
const ErrorKind kStoredRowDamaged =
    RegisterErrorKind({"authority.stored_row_damaged", absl::StatusCode::kDataLoss, false});

std::string Shown(absl::Time time) { return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone()); }

std::string Udi(std::string_view product_id, std::string_view serial_number) {
  return absl::StrCat(std::string(product_id), ":", std::string(serial_number));
}

}  // namespace

absl::Status FieldInvalid(std::string_view field, std::string_view got, std::string_view want) {
  return MakeError(kFieldInvalid, absl::StrCat(std::string(field), ": got ", std::string(got), ", want ",
                                               std::string(want)));
}
absl::Status SmartAccountUnknown(std::string_view smart_account) {
  return MakeError(kSmartAccountUnknown, absl::StrCat("smart_account: got \"", std::string(smart_account),
                                                      "\", want the domain or name of a Smart Account"));
}
absl::Status ProductInstanceUnknown(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kProductInstanceUnknown,
                   absl::StrCat("product instance: got ", Udi(product_id, serial_number),
                                ", want one that has reported here"));
}
absl::Status TrustCodeUnknown(std::string_view what) {
  return MakeError(kTrustCodeUnknown,
                   absl::StrCat("trust code: got ", std::string(what), ", want one that is known here"));
}
absl::Status TrustKeyRevoked(std::string_view key_id) {
  return MakeError(kTrustKeyRevoked,
                   absl::StrCat("key: got ", std::string(key_id), ", which is revoked, want another one"));
}
absl::Status TrustKeyRetired(std::string_view key_id, absl::Time retired_at) {
  return MakeError(kTrustKeyRetired, absl::StrCat("key: got ", std::string(key_id), ", which retired at ",
                                                  Shown(retired_at), ", want the one that took its place"));
}
absl::Status TrustKeyReplaced(std::string_view key_id) {
  return MakeError(kTrustKeyReplaced,
                   absl::StrCat("key: got ", std::string(key_id),
                                ", which was renewed already, want the one that took its place"));
}
absl::Status TrustCodeExpired(std::string_view key_id, absl::Time not_after) {
  return MakeError(kTrustCodeExpired,
                   absl::StrCat("key: got ", std::string(key_id), ", whose trust code ended at ",
                                Shown(not_after), ", want one in force"));
}
absl::Status TrustKeyNotFresh(std::string_view key_id) {
  return MakeError(kTrustKeyNotFresh,
                   absl::StrCat("csr: got key ", std::string(key_id),
                                ", for which a certificate is here already, want a new key"));
}
absl::Status TrustRevoked(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kTrustRevoked, absl::StrCat("udi: got ", Udi(product_id, serial_number),
                                               ", whose trust was revoked, want an ID token with it"));
}
absl::Status TrustProofInvalid(std::string_view field) {
  return MakeError(kTrustProofInvalid, absl::StrCat(std::string(field),
                                                    ": got a signature that does not check, want one by the "
                                                    "present key over domain and certificate request"));
}
absl::Status ClockSkewExceeded(absl::Time got, absl::Time want) {
  return MakeError(kClockSkewExceeded, absl::StrCat("device_time: got ", Shown(got),
                                                    ", want less than an hour from ", Shown(want)));
}
absl::Status ProductInstanceElsewhere(std::string_view product_id, std::string_view serial_number) {
  return MakeError(
      kProductInstanceElsewhere,
      absl::StrCat("udi: got ", Udi(product_id, serial_number),
                   ", which belongs to another Smart Account, want one that is new or belongs here"));
}
absl::Status AcknowledgementNotReady(std::string_view product_id, std::string_view serial_number) {
  return MakeError(kAcknowledgementNotReady, absl::StrCat("product instance ", Udi(product_id, serial_number),
                                                          ": nothing is acknowledged yet, ask again"));
}
absl::Status VendorAcknowledgementRequired(std::string_view product_id, std::string_view serial_number) {
  return MakeError(
      kVendorAcknowledgementRequired,
      absl::StrCat("product instance ", Udi(product_id, serial_number),
                   ": got reports under a vendor's signature only, want reports verified under our "
                   "own trust; the vendor's acknowledgement is passed through when it arrives"));
}
absl::Status PollUnknown(int64_t poll_id) {
  return MakeError(kPollUnknown,
                   absl::StrCat("poll_id: got ", poll_id, ", want the poll id of a submission's answer"));
}
absl::Status NotACaCertificate(std::string_view subject) {
  return MakeError(
      kNotACaCertificate,
      absl::StrCat(std::string(subject), ": got no CA certificate, want basicConstraints CA:TRUE"));
}
absl::Status CaAsTrustCertificate(std::string_view subject) {
  return MakeError(kCaAsTrustCertificate,
                   absl::StrCat(std::string(subject),
                                ": got a CA certificate, want a product instance's; import it as a "
                                "manufacturer CA"));
}
absl::Status SigningKeyMissing(std::string_view purpose) {
  return MakeError(kSigningKeyMissing,
                   absl::StrCat("signing_keys: got no current key for ", std::string(purpose)));
}
absl::Status BlockHashInvalid(size_t got_bytes) {
  return MakeError(kBlockHashInvalid, absl::StrCat("block_hash: got ", got_bytes, " bytes, want 32"));
}
absl::Status OpeningHashInvalid(size_t got_bytes) {
  return MakeError(kOpeningHashInvalid, absl::StrCat("opening_hash: got ", got_bytes, " bytes, want 32"));
}
absl::Status CodeIssuedForOtherContent(int64_t authorization_id) {
  return MakeError(kCodeIssuedForOtherContent,
                   absl::StrCat("authorization_id: got ", authorization_id,
                                ", whose code is for something else, want the same content or a new id"));
}
absl::Status CodeUnknown(int64_t authorization_id) {
  return MakeError(kCodeUnknown, absl::StrCat("authorization_id: got ", authorization_id,
                                              ", for which no code was issued, want one that has a code"));
}
absl::Status StoredRowDamaged(std::string_view message) { return MakeError(kStoredRowDamaged, message); }

}  // namespace quartermaster::authority
