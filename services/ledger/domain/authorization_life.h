// The life of an authorization or reservation: which state follows which, who may do what, and what its
// state means for the rights. Plain rules; storage and api ask them.
//
//   request -> awaiting_approval -> held -> granted -> confirmed -> return_pending -> returned
//                 |    |             |                     |
//              denied  +- expired <--+                 replaced
//
// A held one has its quantity set aside until its code is signed or the hold times out. From granted on a
// code may be in the world: only a proof from the product instance frees the quantity.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_LIFE_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_LIFE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/ledger/domain/rights_book.h"

namespace quartermaster::ledger {

// Stored values of authorizations.kind. Never renumbered.
enum class AuthorizationKind : int16_t {
  kAuthorization = 1,
  kSpecificReservation = 2,
  kPermanentReservation = 3
};

// Stored values of authorizations.state. Never renumbered.
enum class AuthorizationState : int16_t {
  kAwaitingApproval = 1,
  kHeld = 2,
  kGranted = 3,
  kConfirmed = 4,
  kReturnPending = 5,
  kReplaced = 6,
  kReturned = 7,
  kDenied = 8,
  kExpired = 9,
};

enum class AuthorizationEvent {
  kApprove,
  kDeny,
  // Its code is signed.
  kGrant,
  // The product instance proved that it installed the code.
  kConfirm,
  // A successor was proved to be installed.
  kReplace,
  // An administrator wants it back.
  kAskReturn,
  // The product instance proved that it removed the code.
  kReturn,
  kTimeOut,
};

// None when the event cannot happen in that state.
std::optional<AuthorizationState> StateAfter(AuthorizationState state, AuthorizationEvent event);

// "awaiting_approval", "granted", …
const char* StateName(AuthorizationState state);

// Where the lots of one in this state lie: held, reserved, or nowhere (available) when it has ended.
EntryState RightsOf(AuthorizationState state);
inline bool HasEnded(AuthorizationState state) { return RightsOf(state) == EntryState::kAvailable; }
// A code may be installed.
inline bool IsInForce(AuthorizationState state) { return RightsOf(state) == EntryState::kReserved; }

// Whether a product instance's own credential is handed the code. All product instances may share one, and
// whoever has a code can say its removal code: only while the code is on its way, or to who shows that it
// has the code already.
bool DeviceMayHaveCode(AuthorizationState state, bool showed_confirmation_code);

// Four eyes: who asked does not decide. Nobody who is nameless does.
bool MayDecide(std::string_view requested_by, std::string_view decider);

// How export-controlled licenses are treated in one Smart Account.
struct ExportStatus {
  bool allowed = false;
  // ISO 3166 alpha-2, upper case; empty = unknown.
  std::string country;
  // The node's list holds the country.
  bool country_restricted = false;
};
// Allowed, with a known country that is not restricted. `ledger.export_not_allowed`.
absl::Status CheckExport(const ExportStatus& status);

// Which lots a code stands on: its own, and of the predecessor's, which it takes over once it is proved
// to be installed, as many as it lacks. What is left of the predecessor's becomes free then.
struct Succession {
  std::vector<LotShare> taken;
  std::vector<LotShare> freed;
};
struct WantedTag {
  int32_t tag_id = 0;
  int64_t quantity = 0;
};
Succession Succeed(std::span<const WantedTag> wanted, std::span<const LotShare> own,
                   std::span<const LotShare> predecessor);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_AUTHORIZATION_LIFE_H_
