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
const ErrorKind kSigningKeyMissing =
    RegisterErrorKind({"authority.signing_key_missing", absl::StatusCode::kInternal, false});
const ErrorKind kBlockHashInvalid =
    RegisterErrorKind({"authority.block_hash_invalid", absl::StatusCode::kInvalidArgument, false});
const ErrorKind kStoredRowDamaged =
    RegisterErrorKind({"authority.stored_row_damaged", absl::StatusCode::kDataLoss, false});

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
absl::Status StoredRowDamaged(std::string_view message) { return MakeError(kStoredRowDamaged, message); }

}  // namespace quartermaster::authority
