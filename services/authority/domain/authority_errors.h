// Every error of authority, one function each. The id, written in the .cc, never changes once
// released; docs/reference/errors.md explains each of them.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

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

// Trust codes.
// Nothing here is known by this key and UDI.
absl::Status TrustCodeUnknown(std::string_view what);
absl::Status TrustKeyRevoked(std::string_view key_id);
// The overlap after its renewal is over.
absl::Status TrustKeyRetired(std::string_view key_id, absl::Time retired_at);
// Another key took its place, so it cannot ask for a third.
absl::Status TrustKeyReplaced(std::string_view key_id);
// Of a certificate that ended.
absl::Status TrustCodeExpired(std::string_view key_id, absl::Time not_after);
// A certificate for it is here already, and it is none that could be answered again.
absl::Status TrustKeyNotFresh(std::string_view key_id);
// Trust of this UDI was revoked: only an ID token brings it back.
absl::Status TrustRevoked(std::string_view product_id, std::string_view serial_number);
// The signature beside a certificate request does not check under the key that must make it.
absl::Status TrustProofInvalid(std::string_view field);
absl::Status ClockSkewExceeded(absl::Time got, absl::Time want);
// Says no name: the caller may have no right to know the other account.
absl::Status ProductInstanceElsewhere(std::string_view product_id, std::string_view serial_number);

// Signing.
absl::Status SigningKeyMissing(std::string_view purpose);
absl::Status BlockHashInvalid(size_t got_bytes);
absl::Status OpeningHashInvalid(size_t got_bytes);
// Of authorizations: the id has a code, for something else; or has none.
absl::Status CodeIssuedForOtherContent(int64_t authorization_id);
absl::Status CodeUnknown(int64_t authorization_id);

// A stored row that we could not have written.
absl::Status StoredRowDamaged(std::string_view message);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_AUTHORITY_ERRORS_H_
