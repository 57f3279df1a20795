// Domain-separation prefixes. What the authority signs is always one of these followed by the
// object's bytes, so that a signature over one kind of object can never pass for another's.
// Written into docs/reference/formats.md; never changed, a new form gets a new version.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_DOMAINS_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_DOMAINS_H_

namespace quartermaster::crypto {

// Followed by the acknowledgement's payload.
inline constexpr char kAcknowledgementDomain[] = "quartermaster.acknowledgement.v1\n";
// Followed by the policy's payload.
inline constexpr char kPolicyDomain[] = "quartermaster.policy.v1\n";
// Followed by the 32 bytes of a sealed block's hash.
inline constexpr char kBlockDomain[] = "quartermaster.block.v1\n";
// Followed by the payload of an authorization code.
inline constexpr char kAuthorizationDomain[] = "quartermaster.authorization.v1\n";
// Followed by the <authorizationCode> element of a reservation code and the text of its <udi>.
inline constexpr char kReservationDomain[] = "quartermaster.reservation.v1\n";

// What product instances sign. Each is followed by the DER of a certificate request.
// By the key of the present trust code, to renew it.
inline constexpr char kTrustRenewalDomain[] = "quartermaster.trust_renewal.v1\n";
// By the factory key, to get a trust code.
inline constexpr char kFactoryTrustDomain[] = "quartermaster.factory_trust.v1\n";
// Followed by the 32 bytes of an opening's hash.
inline constexpr char kOpeningDomain[] = "quartermaster.opening.v1\n";

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_SIGNATURE_DOMAINS_H_
