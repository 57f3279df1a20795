// AuthorizationFlow: the release of what a product instance holds that cannot prove the removal any more.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_changes.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kReasonBytesMax = 1024;

std::string AuditOf(const Authorization& authorization, const AuthorizationRelease& release) {
  return absl::StrCat("{\"authorization_id\":", authorization.id, ",\"state\":\"",
                      StateName(authorization.state), "\",\"release_reason\":", JsonString(release.reason),
                      ",\"release_requested_by\":", JsonString(release.requested_by), "}");
}

absl::StatusOr<Authorization> FindInForce(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                          int64_t authorization_id) {
  std::optional<Authorization> found = FindAuthorization(transaction, smart_account_id, authorization_id);
  if (!found.has_value()) return AuthorizationUnknown("authorization_id", authorization_id);
  if (!IsInForce(found->state)) {
    return AuthorizationStateInvalid(authorization_id, StateName(found->state),
                                     "granted, confirmed or return_pending");
  }
  return *std::move(found);
}

}  // namespace

absl::StatusOr<AuthorizationRelease> AuthorizationFlow::AskRelease(pqxx::transaction_base& transaction,
                                                                   const Act& act, int64_t smart_account_id,
                                                                   int64_t authorization_id,
                                                                   const std::string& reason) const {
  RETURN_IF_ERROR(CheckText("reason", reason, kReasonBytesMax));
  // Its constructor locks; nothing moves yet.
  const AuthorizationChanges changes(transaction, smart_account_id, act);
  ASSIGN_OR_RETURN(const Authorization authorization,
                   FindInForce(transaction, smart_account_id, authorization_id));
  const auto standing = FindRelease(transaction, smart_account_id, authorization_id);
  if (standing.has_value() && standing->AwaitsApproval(act.now)) {
    if (standing->requested_by == act.actor && standing->reason == reason) return *standing;
    return ReleaseOpen(authorization_id, standing->requested_by);
  }
  const AuthorizationRelease release{.authorization_id = authorization_id,
                                     .reason = reason,
                                     .requested_by = act.actor,
                                     .requested_at = act.now,
                                     .expires_at = act.now + terms_.approval_timeout,
                                     .decided_by = "",
                                     .decided_at = std::nullopt};
  PutRelease(transaction, smart_account_id, release);
  WriteAudit(transaction, smart_account_id, act, "", AuditOf(authorization, release));
  return release;
}

absl::StatusOr<AuthorizationRelease> AuthorizationFlow::ApproveRelease(pqxx::transaction_base& transaction,
                                                                       const Act& act,
                                                                       int64_t smart_account_id,
                                                                       int64_t authorization_id) const {
  AuthorizationChanges changes(transaction, smart_account_id, act);
  auto release = FindRelease(transaction, smart_account_id, authorization_id);
  if (!release.has_value()) return ReleaseUnknown(authorization_id);
  // Approved before, and the answer was lost.
  if (release->decided_at.has_value() && release->decided_by == act.actor) return *release;
  if (!release->AwaitsApproval(act.now)) return ReleaseUnknown(authorization_id);
  if (!MayDecide(release->requested_by, act.actor)) return DecisionDenied(authorization_id);
  ASSIGN_OR_RETURN(Authorization authorization, FindInForce(transaction, smart_account_id, authorization_id));
  const std::string before = AuditOf(authorization, *release);
  RETURN_IF_ERROR(changes.Return(authorization, ChangeKind::kAuthorizationReleased));
  release->decided_by = act.actor;
  release->decided_at = act.now;
  PutRelease(transaction, smart_account_id, *release);
  WriteAudit(transaction, smart_account_id, act, before, AuditOf(authorization, *release));
  changes.rights().Settle();
  return *release;
}

}  // namespace quartermaster::ledger
