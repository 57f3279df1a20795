#include "services/ingest/domain/ingest_errors.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/limits.h"

namespace quartermaster::ingest {
namespace {

using absl::StatusCode;
using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

// What a sender must change before another attempt can succeed.
ErrorKind Refusal(const char* id, StatusCode code = StatusCode::kInvalidArgument) {
  return RegisterErrorKind({id, code, /*retryable=*/false});
}

const ErrorKind kDocumentMalformed = Refusal("ingest.document_malformed");
const ErrorKind kDocumentNotUsage = Refusal("ingest.document_not_usage");
const ErrorKind kDocumentTooLarge = Refusal("ingest.document_too_large");
const ErrorKind kTooManyReports = Refusal("ingest.too_many_reports");
const ErrorKind kDoctypeRefused = Refusal("ingest.doctype_refused");
const ErrorKind kNestingTooDeep = Refusal("ingest.nesting_too_deep");
const ErrorKind kReportTooLarge = Refusal("ingest.report_too_large");
const ErrorKind kReportMalformed = Refusal("ingest.report_malformed");
const ErrorKind kPayloadMalformed = Refusal("ingest.payload_malformed");
const ErrorKind kPayloadFieldMissing = Refusal("ingest.payload_field_missing");
const ErrorKind kPayloadFieldInvalid = Refusal("ingest.payload_field_invalid");
const ErrorKind kCountOutOfRange = Refusal("ingest.count_out_of_range", StatusCode::kOutOfRange);
const ErrorKind kSignatureMalformed = Refusal("ingest.signature_malformed");
const ErrorKind kReportSignatureInvalid =
    Refusal("ingest.report_signature_invalid", StatusCode::kPermissionDenied);
const ErrorKind kReportSignatureMissing =
    Refusal("ingest.report_signature_missing", StatusCode::kPermissionDenied);
const ErrorKind kReportAlgorithmMismatch =
    Refusal("ingest.report_algorithm_mismatch", StatusCode::kPermissionDenied);
const ErrorKind kReportKeyBoundElsewhere =
    Refusal("ingest.report_key_bound_elsewhere", StatusCode::kPermissionDenied);
const ErrorKind kReportCertificateRevoked =
    Refusal("ingest.report_certificate_revoked", StatusCode::kPermissionDenied);
const ErrorKind kReportKeyRetired = Refusal("ingest.report_key_retired", StatusCode::kPermissionDenied);
const ErrorKind kReportCertificateExpired =
    Refusal("ingest.report_certificate_expired", StatusCode::kPermissionDenied);
const ErrorKind kReportCertificateNotYetValid =
    Refusal("ingest.report_certificate_not_yet_valid", StatusCode::kPermissionDenied);
const ErrorKind kProductInstanceBelongsElsewhere =
    Refusal("ingest.product_instance_belongs_elsewhere", StatusCode::kFailedPrecondition);
const ErrorKind kSmartAccountClosed = Refusal("ingest.smart_account_closed", StatusCode::kFailedPrecondition);
const ErrorKind kSmartAccountUnknown = Refusal("ingest.smart_account_unknown", StatusCode::kNotFound);
const ErrorKind kVirtualAccountUnknown = Refusal("ingest.virtual_account_unknown", StatusCode::kNotFound);
const ErrorKind kReportConflict = Refusal("ingest.report_conflict", StatusCode::kAlreadyExists);
const ErrorKind kQueueFull =
    RegisterErrorKind({"ingest.queue_full", StatusCode::kResourceExhausted, /*retryable=*/true});

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// "field: got X, want Y".
std::string GotWant(std::string_view field, std::string_view got, std::string_view want) {
  return absl::StrCat(Absl(field), ": got ", Absl(got), ", want ", Absl(want));
}

std::string At(std::string_view got, int64_t offset) { return absl::StrCat(Absl(got), " at byte ", offset); }

}  // namespace

std::string Quoted(std::string_view value) {
  constexpr size_t kShownBytesMax = 64;
  const std::string shown = absl::CHexEscape(Absl(value.substr(0, kShownBytesMax)));
  return absl::StrCat("\"", shown, value.size() > kShownBytesMax ? "…\"" : "\"");
}

absl::Status DocumentMalformed(std::string_view got, int64_t offset, std::string_view want) {
  return MakeError(kDocumentMalformed, GotWant("document", At(got, offset), want));
}

absl::Status DocumentNotUsage(std::string_view got, int64_t offset) {
  return MakeError(
      kDocumentNotUsage,
      GotWant("document", At(got, offset), "<RUMReport>, <smartLicense> or JSON with payload and signature"));
}

absl::Status DocumentTooLarge(int64_t got_bytes, int64_t want_bytes_max) {
  return MakeError(kDocumentTooLarge, GotWant("document", absl::StrCat(got_bytes, " bytes"),
                                              absl::StrCat("at most ", want_bytes_max)));
}

absl::Status TooManyReports(int64_t offset) {
  return MakeError(
      kTooManyReports,
      GotWant("document", At(absl::StrCat("one more than ", kReportsPerDocumentMax, " reports"), offset),
              absl::StrCat("at most ", kReportsPerDocumentMax, ", or the call ImportUsage")));
}

absl::Status DoctypeRefused(int64_t offset) {
  return MakeError(kDoctypeRefused,
                   GotWant("document", At("a DOCTYPE", offset), "no document type or entities"));
}

absl::Status NestingTooDeep(std::string_view field, int64_t offset) {
  return MakeError(kNestingTooDeep,
                   GotWant(field, At(absl::StrCat("level ", kNestingDepthMax + 1), offset),
                           absl::StrCat("at most ", kNestingDepthMax, " levels of nesting")));
}

absl::Status ReportTooLarge(std::string_view field, size_t got_bytes_at_least) {
  return MakeError(kReportTooLarge, GotWant(field, absl::StrCat(got_bytes_at_least, " bytes or more"),
                                            absl::StrCat("at most ", kReportBytesMax)));
}

absl::Status ReportMalformed(std::string_view field, std::string_view got, std::string_view want,
                             int64_t offset) {
  return MakeError(kReportMalformed, GotWant(field, offset < 0 ? std::string(got) : At(got, offset), want));
}

absl::Status PayloadMalformed(std::string_view got, int64_t offset, std::string_view want) {
  return MakeError(kPayloadMalformed, GotWant("payload", At(got, offset), want));
}

absl::Status PayloadFieldMissing(std::string_view field, std::string_view want) {
  return MakeError(kPayloadFieldMissing, GotWant(field, "nothing", want));
}

absl::Status PayloadFieldInvalid(std::string_view field, std::string_view got, std::string_view want) {
  return MakeError(kPayloadFieldInvalid, GotWant(field, got, want));
}

absl::Status CountOutOfRange(std::string_view field, std::string_view got) {
  return MakeError(kCountOutOfRange, GotWant(field, got, absl::StrCat("0 to ", kCountMax)));
}

absl::Status SignatureMalformed(std::string_view field, std::string_view got, std::string_view want) {
  return MakeError(kSignatureMalformed, GotWant(field, got, want));
}

absl::Status ReportSignatureInvalid(std::string_view got, std::string_view want) {
  return MakeError(kReportSignatureInvalid, GotWant("signature.value", got, want));
}

absl::Status ReportSignatureMissing(std::string_view got) {
  return MakeError(
      kReportSignatureMissing,
      GotWant("signature.key", got, "a key of this product instance's trust code: it holds one"));
}

absl::Status ReportAlgorithmMismatch(std::string_view got, std::string_view want) {
  return MakeError(kReportAlgorithmMismatch, GotWant("signature.signing_type", got, want));
}

absl::Status ReportKeyBoundElsewhere() {
  return MakeError(kReportKeyBoundElsewhere,
                   GotWant("signature.key", "a key bound to another product instance",
                           "a key bound to the one that the report is about"));
}

absl::Status ReportCertificateRevoked() {
  return MakeError(kReportCertificateRevoked,
                   GotWant("signature.key", "a key whose certificate is revoked", "a certificate in force"));
}

absl::Status ReportKeyRetired(int64_t retired_s, int64_t received_s) {
  return MakeError(kReportKeyRetired,
                   GotWant("signature.key",
                           absl::StrCat("a key that was renewed and retired at ", retired_s, " (received at ",
                                        received_s, ", Unix seconds)"),
                           "the key that took its place"));
}

absl::Status ReportCertificateExpired(int64_t not_after_s, int64_t received_s) {
  return MakeError(kReportCertificateExpired,
                   GotWant("signature.key",
                           absl::StrCat("a certificate that ended at ", not_after_s, " (received at ",
                                        received_s, ", Unix seconds)"),
                           "a certificate in force"));
}

absl::Status ReportCertificateNotYetValid(int64_t not_before_s, int64_t received_s) {
  return MakeError(kReportCertificateNotYetValid,
                   GotWant("signature.key",
                           absl::StrCat("a certificate that starts at ", not_before_s, " (received at ",
                                        received_s, ", Unix seconds)"),
                           "a certificate in force"));
}

absl::Status ProductInstanceBelongsElsewhere() {
  // Says no name: the sender may have no right to know the other account.
  return MakeError(kProductInstanceBelongsElsewhere,
                   GotWant("product instance", "one that belongs to another Smart Account",
                           "one that is new or belongs to this Smart Account"));
}

absl::Status SmartAccountClosed(std::string_view name) {
  return MakeError(kSmartAccountClosed, GotWant("smart_account", Quoted(name), "one that is not closed"));
}
absl::Status SmartAccountUnknown(std::string_view name) {
  return MakeError(kSmartAccountUnknown,
                   GotWant("smart_account", Quoted(name), "a domain or name that exists"));
}

absl::Status VirtualAccountUnknown(std::string_view name) {
  return MakeError(kVirtualAccountUnknown, GotWant("virtual_account", Quoted(name),
                                                   "the name of a Virtual Account of this Smart Account"));
}

absl::Status ReportConflict(std::string_view got_sha256, std::string_view stands,
                            std::string_view received_at) {
  return MakeError(kReportConflict,
                   GotWant("payload", absl::StrCat("one with SHA-256 ", Absl(got_sha256), "…"),
                           absl::StrCat("that of report ", Absl(stands), ", received at ", Absl(received_at),
                                        ", which stands; this one is kept and not counted")));
}

absl::Status QueueFull() {
  return MakeError(kQueueFull,
                   "queue: got more reports than can be stored at once, want a retry "
                   "after the delay that comes with this answer");
}

}  // namespace quartermaster::ingest
