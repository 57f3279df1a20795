#include "services/ledger/domain/authorization_life.h"

#include <algorithm>
#include <map>

#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

using enum AuthorizationState;

struct Step {
  AuthorizationState from;
  AuthorizationEvent event;
  AuthorizationState to;
};

// Everything that may happen; what is not here cannot.
constexpr Step kSteps[] = {
    {kAwaitingApproval, AuthorizationEvent::kApprove, kHeld},
    {kAwaitingApproval, AuthorizationEvent::kDeny, kDenied},
    {kAwaitingApproval, AuthorizationEvent::kTimeOut, kExpired},
    {kHeld, AuthorizationEvent::kGrant, kGranted},
    {kHeld, AuthorizationEvent::kTimeOut, kExpired},
    {kGranted, AuthorizationEvent::kConfirm, kConfirmed},
    {kGranted, AuthorizationEvent::kReturn, kReturned},
    {kConfirmed, AuthorizationEvent::kReplace, kReplaced},
    {kConfirmed, AuthorizationEvent::kAskReturn, kReturnPending},
    {kConfirmed, AuthorizationEvent::kReturn, kReturned},
    {kReturnPending, AuthorizationEvent::kReplace, kReplaced},
    {kReturnPending, AuthorizationEvent::kReturn, kReturned},
};

}  // namespace

std::optional<AuthorizationState> StateAfter(AuthorizationState state, AuthorizationEvent event) {
  for (const Step& step : kSteps) {
    if (step.from == state && step.event == event) return step.to;
  }
  return std::nullopt;
}

const char* StateName(AuthorizationState state) {
  switch (state) {
    case kAwaitingApproval:
      return "awaiting_approval";
    case kHeld:
      return "held";
    case kGranted:
      return "granted";
    case kConfirmed:
      return "confirmed";
    case kReturnPending:
      return "return_pending";
    case kReplaced:
      return "replaced";
    case kReturned:
      return "returned";
    case kDenied:
      return "denied";
    case kExpired:
      return "expired";
  }
  return "";
}

EntryState RightsOf(AuthorizationState state) {
  switch (state) {
    case kAwaitingApproval:
    case kHeld:
      return EntryState::kHeld;
    case kGranted:
    case kConfirmed:
    case kReturnPending:
      return EntryState::kReserved;
    default:
      return EntryState::kAvailable;
  }
}

bool DeviceMayHaveCode(AuthorizationState state, bool showed_confirmation_code) {
  return state == kGranted || (state == kConfirmed && showed_confirmation_code);
}

bool MayDecide(std::string_view requested_by, std::string_view decider) {
  return !decider.empty() && decider != requested_by;
}

absl::Status CheckExport(const ExportStatus& status) {
  if (!status.allowed)
    return ExportNotAllowed("a Smart Account that may not have export-controlled licenses");
  if (status.country.empty()) return ExportNotAllowed("a Smart Account whose country is not known");
  if (status.country_restricted) return ExportNotAllowed("a Smart Account in a restricted country");
  return absl::OkStatus();
}

Succession Succeed(std::span<const WantedTag> wanted, std::span<const LotShare> own,
                   std::span<const LotShare> predecessor) {
  std::map<int32_t, int64_t> lacking;
  for (const WantedTag& tag : wanted) lacking[tag.tag_id] += tag.quantity;
  for (const LotShare& share : own) lacking[share.pool.tag_id] -= share.quantity;
  Succession succession;
  for (const LotShare& share : predecessor) {
    int64_t& left = lacking[share.pool.tag_id];
    const int64_t taken = std::clamp<int64_t>(left, 0, share.quantity);
    left -= taken;
    LotShare part = share;
    part.quantity = taken;
    if (taken > 0) succession.taken.push_back(part);
    part.quantity = share.quantity - taken;
    if (part.quantity > 0) succession.freed.push_back(part);
  }
  return succession;
}

}  // namespace quartermaster::ledger
