// Every error of authority, one function each. The id, written in the .cc, never changes once
// released; docs/reference/errors.md explains each of them.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace quartermaster::authority {

absl::Status FieldInvalid(std::string_view field, std::string_view got, std::string_view want);
absl::Status SmartAccountUnknown(std::string_view smart_account);
// No report of this UDI ever came in, and no inventory names it.
absl::Status ProductInstanceUnknown(std::string_view product_id, std::string_view serial_number);
// Its reports are on their way (or none came yet): ask again.
absl::Status AcknowledgementNotReady(std::string_view product_id, std::string_view serial_number);
// All its reports carry a vendor's signature, so only the vendor's authority can acknowledge them.
absl::Status VendorAcknowledgementRequired(std::string_view product_id, std::string_view serial_number);
absl::Status PollUnknown(int64_t poll_id);

// A certificate of an import that cannot be taken.
absl::Status NotACaCertificate(std::string_view subject);
absl::Status CaAsTrustCertificate(std::string_view subject);

// Signing.
absl::Status SigningKeyMissing(std::string_view purpose);
absl::Status BlockHashInvalid(size_t got_bytes);

// A stored row that we could not have written.
absl::Status StoredRowDamaged(std::string_view message);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_
