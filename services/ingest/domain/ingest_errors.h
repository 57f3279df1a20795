// Every error of ingest, one function each. The id, written in the .cc, never changes once released;
// docs/reference/errors.md explains each of them.
//
// `field` is the path of what is wrong ("measurements[0].value.value"), `got` what stood there (see
// Quoted), `want` what would be right. Offsets are bytes from the start of the document.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_INGEST_ERRORS_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_INGEST_ERRORS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::ingest {

// A value from outside for a message: in double quotes, not ASCII escaped, cut after 64 bytes.
std::string Quoted(std::string_view value);

// The document as a whole. The rest of it is refused; what was answered before stays.
absl::Status DocumentMalformed(std::string_view got, int64_t offset, std::string_view want);
absl::Status DocumentNotUsage(std::string_view got, int64_t offset);
absl::Status DocumentTooLarge(int64_t got_bytes, int64_t want_bytes_max);
absl::Status TooManyReports(int64_t offset);
absl::Status DoctypeRefused(int64_t offset);
absl::Status NestingTooDeep(std::string_view field, int64_t offset);

// One report.
absl::Status ReportTooLarge(std::string_view field, size_t got_bytes_at_least);
// The outer object (payload and signature). `offset` in the report's text; -1 = says nothing.
absl::Status ReportMalformed(std::string_view field, std::string_view got, std::string_view want,
                             int64_t offset = -1);
// The payload is no JSON object. `offset` in the payload.
absl::Status PayloadMalformed(std::string_view got, int64_t offset, std::string_view want);
absl::Status PayloadFieldMissing(std::string_view field, std::string_view want);
absl::Status PayloadFieldInvalid(std::string_view field, std::string_view got, std::string_view want);
absl::Status CountOutOfRange(std::string_view field, std::string_view got);
absl::Status SignatureMalformed(std::string_view field, std::string_view got, std::string_view want);

// Verification: the report is rejected.
absl::Status ReportSignatureInvalid(std::string_view got, std::string_view want);
// The UDI holds trust of ours, so nothing less than our signature will do (no downgrade).
absl::Status ReportSignatureMissing(std::string_view got);
absl::Status ReportAlgorithmMismatch(std::string_view got, std::string_view want);
absl::Status ReportKeyBoundElsewhere();
absl::Status ReportCertificateRevoked();
// Another key of this product instance took its place, and the overlap is over.
absl::Status ReportKeyRetired(int64_t retired_s, int64_t received_s);
absl::Status ReportCertificateExpired(int64_t not_after_s, int64_t received_s);
absl::Status ReportCertificateNotYetValid(int64_t not_before_s, int64_t received_s);

// Where a report belongs.
absl::Status ProductInstanceBelongsElsewhere();
absl::Status SmartAccountClosed(std::string_view name);
absl::Status SmartAccountUnknown(std::string_view name);
absl::Status VirtualAccountUnknown(std::string_view name);

// Another payload under an identity that is taken: kept, not counted. It is an outcome, not a failure of the
// call, so nothing else has this as its status. `stands`: name of the report that holds the identity.
absl::Status ReportConflict(std::string_view got_sha256, std::string_view stands,
                            std::string_view received_at);

// Overload; a retry helps.
absl::Status QueueFull();

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_INGEST_ERRORS_H_
