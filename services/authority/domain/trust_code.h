// The rules of trust codes: certificates that the authority gives to product instances for signing.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_TRUST_CODE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_TRUST_CODE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/crypto/certificate.h"

namespace quartermaster::authority {

// A product instance whose clock is late must not find its new certificate in the future. Less than
// crypto::kClockSkewMax, which every reader allows on top.
inline constexpr absl::Duration kTrustCodeBackdated = absl::Minutes(59);
// Members of an HA set in one request.
inline constexpr int kTrustCodeMembersMax = 16;

// Values are stored (trust_certificates.origin): never renumber.
enum class TrustOrigin : int16_t { kImported = 0, kIdToken = 1, kFactory = 2, kRenewal = 3 };

// A row of trust_certificates, as far as the rules ask.
struct KnownTrustKey {
  std::string key_id;
  crypto::SubjectUdi udi;
  TrustOrigin origin = TrustOrigin::kImported;
  // DER.
  std::string certificate;
  absl::Time not_after;
  bool revoked = false;
  std::optional<absl::Time> retired_at;
  // Empty: no key took its place.
  std::string replaced_by;
  // Of trust codes.
  std::optional<int64_t> smart_account_id;
  bool export_controlled = false;
};

// What a request for a trust code for `udi` meets when its key is known already, `rows` being everything
// that is known by the key. The row whose certificate answers the request again; null when the key is new to
// this UDI. Refused: `authority.trust_key_revoked` for a key that was revoked, whoever had it;
// `…_retired`, `authority.trust_code_expired`, and `authority.trust_key_not_fresh` for an imported one.
absl::StatusOr<const KnownTrustKey*> FindAnswered(const std::vector<KnownTrustKey>& rows,
                                                  const crypto::SubjectUdi& udi, absl::Time now);

// Whether the holder of `current` may get a trust code for the key `next` instead. Good until the end of its
// overlap for the key that took its place already (whose answer was lost), for others only before.
absl::Status CheckRenewable(const KnownTrustKey& current, const std::string& next, absl::Time now);

// None: the product instance does not know its time.
absl::Status CheckDeviceClock(std::optional<absl::Time> device_time, absl::Time now);

// When half of a certificate's validity is over.
absl::Time RenewAfter(absl::Time not_before, absl::Time not_after);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_DOMAIN_TRUST_CODE_H_
