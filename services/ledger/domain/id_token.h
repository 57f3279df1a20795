// The rules of ID tokens: what one looks like, and whether it may be redeemed. Plain values; the table is
// storage/administration/id_token_book.h.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ID_TOKEN_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ID_TOKEN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace quartermaster::ledger {

inline constexpr int kIdTokenDaysMax = 365;
inline constexpr int kIdTokenUsesMax = 1'000'000;
// Members of an HA set that redeem a token in one act.
inline constexpr int kRedeemingMembersMax = 16;

struct IdToken {
  int64_t id = 0;
  int64_t smart_account_id = 0;
  int64_t virtual_account_id = 0;
  std::string description;
  bool export_controlled = false;
  // None: any number.
  std::optional<int32_t> uses_max;
  int32_t uses = 0;
  absl::Time created_at;
  absl::Time expires_at;
  std::optional<absl::Time> revoked_at;
};

enum class IdTokenState { kActive, kExpired, kUsedUp, kRevoked };

// Revoked before expired before used up, when several hold.
IdTokenState StateOf(const IdToken& token, absl::Time now);

// "qmt1_" and 43 characters of base64url: 256 random bits. The prefix lets scanners find it where it
// should not lie.
std::string NewIdTokenValue();
// Whether a text can be the value of a token at all.
bool IsIdTokenValue(std::string_view text);
// SHA-256, 32 bytes; domain-separated, so it is no digest of anything else.
std::string IdTokenDigest(std::string_view value);

struct RedemptionRequest {
  // Members that take a use; the others have redeemed the token before, for the same key.
  int32_t new_members = 0;
  bool export_controlled = false;
  absl::Time now;
};
// OK, or why the token may not be redeemed: `ledger.id_token_revoked`, `…_expired`, `…_used_up`,
// `…_export_not_allowed`.
absl::Status CheckRedemption(const IdToken& token, const RedemptionRequest& request);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_ID_TOKEN_H_
