#include "services/authority/domain/trust_code.h"

#include "services/authority/domain/authority_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// In force as a trust code, replaced or not.
absl::Status CheckInForce(const KnownTrustKey& row, absl::Time now) {
  if (row.revoked) return TrustKeyRevoked(row.key_id);
  if (row.retired_at.has_value() && now > *row.retired_at)
    return TrustKeyRetired(row.key_id, *row.retired_at);
  if (now > row.not_after + crypto::kClockSkewMax) return TrustCodeExpired(row.key_id, row.not_after);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<const KnownTrustKey*> FindAnswered(const std::vector<KnownTrustKey>& rows,
                                                  const crypto::SubjectUdi& udi, absl::Time now) {
  const KnownTrustKey* answered = nullptr;
  for (const KnownTrustKey& row : rows) {
    // A key that somebody may know is no key, also under another UDI.
    if (row.revoked) return TrustKeyRevoked(row.key_id);
    if (row.udi == udi) answered = &row;
  }
  if (answered == nullptr) return nullptr;
  if (answered->origin == TrustOrigin::kImported) return TrustKeyNotFresh(answered->key_id);
  RETURN_IF_ERROR(CheckInForce(*answered, now));
  return answered;
}

absl::Status CheckRenewable(const KnownTrustKey& current, const std::string& next, absl::Time now) {
  if (current.origin == TrustOrigin::kImported) return TrustCodeUnknown("an imported certificate");
  RETURN_IF_ERROR(CheckInForce(current, now));
  if (current.key_id == next) return TrustKeyNotFresh(next);
  if (!current.replaced_by.empty() && current.replaced_by != next) return TrustKeyReplaced(current.key_id);
  return absl::OkStatus();
}

absl::Status CheckDeviceClock(std::optional<absl::Time> device_time, absl::Time now) {
  if (!device_time.has_value()) return absl::OkStatus();
  if (absl::AbsDuration(*device_time - now) < crypto::kClockSkewMax) return absl::OkStatus();
  return ClockSkewExceeded(*device_time, now);
}

absl::Time RenewAfter(absl::Time not_before, absl::Time not_after) {
  return not_before + (not_after - not_before) / 2;
}

}  // namespace quartermaster::authority
