// When the authority needs a new key, and how it makes one.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_KEY_SCHEDULE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_KEY_SCHEDULE_H_

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/signing_keys.h"

namespace quartermaster::authority {

// Ours. The CA's is that of the usual appliance's life; signers live shorter and overlap, so that a
// key that was copied unnoticed does not sign for ever.
inline constexpr absl::Duration kCaLifetime = absl::Hours(24 * 3652);      // 10 years
inline constexpr absl::Duration kSignerLifetime = absl::Hours(24 * 1096);  // 3 years
inline constexpr absl::Duration kSignerRenewedBefore = absl::Hours(24 * 365);
// A renewal that would win less is not worth another certificate (the CA is about to end).
inline constexpr absl::Duration kRenewalGainMin = absl::Hours(24 * 30);
// Certificates begin this long in the past: product instances come up with late clocks, and emulated
// ones live through months that are over.
inline constexpr absl::Duration kBackdated = absl::Hours(24 * 365);

// The purposes for which a key must be made now, the CA first: those without a current key, and
// signers that end within kSignerRenewedBefore. The CA is never replaced by itself, because product
// instances have it pinned. A key for authorizations is first made when one is `needed`: replicas of releases
// that do not know this purpose do not start once there is one.
std::vector<KeyPurpose> KeysToMake(std::span<const SigningKey> current, absl::Time now,
                                   std::optional<KeyPurpose> needed = std::nullopt);

// A new P-256 CA. The common name carries the key's id, so that two authorities are told apart.
absl::StatusOr<SigningKey> MakeCaKey(absl::Time now);
// A new P-256 key for `purpose` with a certificate under `ca`.
absl::StatusOr<SigningKey> MakeSignerKey(const SigningKey& ca, KeyPurpose purpose, absl::Time now);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_KEY_SCHEDULE_H_
