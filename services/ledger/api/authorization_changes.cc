#include "services/ledger/api/authorization_changes.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {

std::vector<WantedTag> WantedOf(const Authorization& authorization) {
  std::vector<WantedTag> wanted;
  for (const AuthorizationLine& line : authorization.lines) wanted.push_back({line.tag_id, line.quantity});
  return wanted;
}

absl::Status AuthorizationChanges::Step(Authorization& authorization, AuthorizationEvent event,
                                        const char* want) {
  const std::optional<AuthorizationState> next = StateAfter(authorization.state, event);
  if (!next.has_value())
    return AuthorizationStateInvalid(authorization.id, StateName(authorization.state), want);
  authorization.state = *next;
  if (*next != AuthorizationState::kAwaitingApproval && *next != AuthorizationState::kHeld) {
    authorization.hold_expires_at.reset();
  }
  if (*next == AuthorizationState::kGranted) authorization.granted_at = act_.now;
  if (*next == AuthorizationState::kConfirmed) authorization.confirmed_at = act_.now;
  if (HasEnded(*next)) authorization.ended_at = act_.now;
  UpdateAuthorization(transaction_, smart_account_id_, authorization);
  return absl::OkStatus();
}

// The books and authorization_lots say different things: fsck names it, and nothing moves meanwhile.
absl::Status AuthorizationChanges::Damaged(const Authorization& authorization,
                                           const Shortage& shortage) const {
  return QuantityNotAvailable("authorization_id", authorization.id, shortage.available,
                              absl::StrCat("the rights of authorization ", authorization.id));
}

std::optional<Authorization> AuthorizationChanges::LivePredecessor(const Authorization& authorization) {
  if (!authorization.replaces.has_value()) return std::nullopt;
  auto found = FindAuthorization(transaction_, smart_account_id_, *authorization.replaces);
  if (found.has_value() && HasEnded(found->state)) found.reset();
  return found;
}

absl::Status AuthorizationChanges::Supersede(Authorization& predecessor, const Authorization& successor,
                                             ChangeKind kind) {
  const Succession succession =
      Succeed(WantedOf(successor), ReadShares(transaction_, smart_account_id_, successor.id),
              ReadShares(transaction_, smart_account_id_, predecessor.id));
  if (const auto shortage = rights_.Return(predecessor.product_instance_id, succession.freed, kind)) {
    return Damaged(predecessor, *shortage);
  }
  DeleteShares(transaction_, smart_account_id_, predecessor.id);
  AddShares(transaction_, smart_account_id_, successor.id, succession.taken);
  return absl::OkStatus();
}

absl::Status AuthorizationChanges::Confirm(Authorization& authorization) {
  if (auto predecessor = LivePredecessor(authorization)) {
    RETURN_IF_ERROR(Supersede(*predecessor, authorization, ChangeKind::kReturn));
    RETURN_IF_ERROR(Step(*predecessor, AuthorizationEvent::kReplace, "confirmed"));
  }
  return Step(authorization, AuthorizationEvent::kConfirm, "granted");
}

// Of one whose code is not out yet the rights are only held: what it lacks is held anew from what came back.
absl::Status AuthorizationChanges::HandOver(const Authorization& predecessor, Authorization successor,
                                            ChangeKind kind) {
  const std::vector<LotShare> own = ReadShares(transaction_, smart_account_id_, successor.id);
  const std::vector<LotShare> before = ReadShares(transaction_, smart_account_id_, predecessor.id);
  if (const auto shortage = rights_.Return(predecessor.product_instance_id, before, kind)) {
    return Damaged(predecessor, *shortage);
  }
  DeleteShares(transaction_, smart_account_id_, predecessor.id);
  rights_.Settle();
  std::map<int32_t, int64_t> lacking;
  for (const LotShare& share : Succeed(WantedOf(successor), own, before).taken) {
    lacking[share.pool.tag_id] += share.quantity;
  }
  std::vector<WantedTag> wanted;
  for (const auto& [tag_id, quantity] : lacking) wanted.push_back({tag_id, quantity});
  const auto instance = rights_.FindInstance(successor.product_instance_id);
  const auto result = rights_.Hold(*instance, wanted);
  if (result.shortage.has_value()) return EndHold(successor, AuthorizationEvent::kTimeOut);
  AddShares(transaction_, smart_account_id_, successor.id, result.held);
  return absl::OkStatus();
}

absl::Status AuthorizationChanges::LetGoOfEnded(const Authorization& authorization) {
  std::vector<LotShare> ended = ReadShares(transaction_, smart_account_id_, authorization.id);
  for (const LotShare& share : SharesInForce(transaction_, smart_account_id_, authorization.id, act_.now)) {
    std::erase(ended, share);
  }
  if (ended.empty()) return absl::OkStatus();
  if (const auto shortage = rights_.Return(authorization.product_instance_id, ended)) {
    return Damaged(authorization, *shortage);
  }
  DeleteSharesOf(transaction_, smart_account_id_, authorization.id, ended);
  rights_.Settle();
  return absl::OkStatus();
}

absl::Status AuthorizationChanges::Return(Authorization& authorization, ChangeKind kind) {
  // Who removed it had installed it. Two administrators say nothing of the code that it was to replace: that
  // one may run, and keeps what it has.
  if (auto predecessor = LivePredecessor(authorization);
      predecessor.has_value() && kind == ChangeKind::kReturn) {
    RETURN_IF_ERROR(Supersede(*predecessor, authorization, kind));
    RETURN_IF_ERROR(Step(*predecessor, AuthorizationEvent::kReplace, "confirmed"));
  }
  for (const Authorization& live :
       LiveAuthorizations(transaction_, smart_account_id_, authorization.product_instance_id)) {
    if (live.replaces != authorization.id) continue;
    RETURN_IF_ERROR(IsInForce(live.state) ? Supersede(authorization, live, kind)
                                          : HandOver(authorization, live, kind));
  }
  const std::vector<LotShare> shares = ReadShares(transaction_, smart_account_id_, authorization.id);
  if (const auto shortage = rights_.Return(authorization.product_instance_id, shares, kind)) {
    return Damaged(authorization, *shortage);
  }
  DeleteShares(transaction_, smart_account_id_, authorization.id);
  return Step(authorization, AuthorizationEvent::kReturn, "granted or confirmed");
}

absl::Status AuthorizationChanges::EndHold(Authorization& authorization, AuthorizationEvent event) {
  const std::vector<LotShare> shares = ReadShares(transaction_, smart_account_id_, authorization.id);
  const bool is_hold = RightsOf(authorization.state) == EntryState::kHeld;
  RETURN_IF_ERROR(Step(authorization, event, "held"));
  if (!is_hold) return absl::OkStatus();
  if (const auto shortage = rights_.CancelHold(authorization.product_instance_id, shares)) {
    return Damaged(authorization, *shortage);
  }
  DeleteShares(transaction_, smart_account_id_, authorization.id);
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
