#include "services/ledger/api/authorization_flow.h"

#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_changes.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {
namespace {

constexpr int kExpiredPerRun = 100;
constexpr int kExportControlled = 3;

absl::StatusOr<Authorization> FindOne(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                      int64_t authorization_id) {
  std::optional<Authorization> found = FindAuthorization(transaction, smart_account_id, authorization_id);
  if (!found.has_value()) return AuthorizationUnknown("authorization_id", authorization_id);
  return *std::move(found);
}

void Audit(pqxx::transaction_base& transaction, int64_t smart_account_id, const Act& act,
           const Authorization& before, const Authorization& after) {
  const auto text = [](const Authorization& one) {
    return absl::StrCat("{\"authorization_id\":", one.id, ",\"state\":\"", StateName(one.state), "\"}");
  };
  WriteAudit(transaction, smart_account_id, act, text(before), text(after));
}

absl::Status ExpireHold(pqxx::transaction_base& transaction, const Act& act, const DueAuthorization& due) {
  AuthorizationChanges changes(transaction, due.smart_account_id, act);
  ASSIGN_OR_RETURN(Authorization authorization,
                   FindOne(transaction, due.smart_account_id, due.authorization_id));
  // Decided or granted meanwhile.
  if (!authorization.hold_expires_at.has_value() || *authorization.hold_expires_at > act.now) {
    return absl::OkStatus();
  }
  const Authorization before = authorization;
  RETURN_IF_ERROR(changes.EndHold(authorization, AuthorizationEvent::kTimeOut));
  Audit(transaction, due.smart_account_id, act, before, authorization);
  changes.rights().Settle();
  return absl::OkStatus();
}

// Why an export-controlled license is not granted now; empty = nothing speaks against it. The account's rule
// may have changed since the quantity was held.
std::string ExportRefusal(const AuthorizationRule& rule, const Authorization& authorization) {
  if (const absl::Status allowed = CheckExport(rule.export_status); !allowed.ok()) {
    return "for licenses that may not be exported to this Smart Account any more";
  }
  if (rule.four_eyes && !MayDecide(authorization.requested_by, authorization.decided_by)) {
    return "for export-controlled licenses that somebody else has to approve by now";
  }
  return "";
}

// How many of which license, from when to when. What licenses are called may change in the catalogue.
using Promise = std::map<std::tuple<std::string, Term, absl::Time, absl::Time>, int64_t>;
Promise PromiseOf(const CodeRequest& request) {
  Promise promise;
  for (const CodeEntitlement& one : request.entitlements) {
    promise[{one.tag, one.term, one.start_at, one.end_at.value_or(absl::InfiniteFuture())}] += one.count;
  }
  return promise;
}
bool SamePromise(const CodeRequest& a, const CodeRequest& b) {
  return a.udi == b.udi && a.sequence == b.sequence && a.reservation == b.reservation &&
         PromiseOf(a) == PromiseOf(b);
}

bool IsExportControlled(pqxx::transaction_base& transaction, const Authorization& authorization) {
  std::vector<int64_t> tags;
  for (const AuthorizationLine& line : authorization.lines) tags.push_back(line.tag_id);
  for (const auto& [tag_id, facts] : FactsOfTags(transaction, tags)) {
    if (facts.enforcement == kExportControlled) return true;
  }
  return false;
}

}  // namespace

// The lots that the code will stand on once it is installed, and what people call them.
absl::StatusOr<CodeRequest> AuthorizationFlow::PrepareCode(pqxx::transaction_base& transaction,
                                                           int64_t smart_account_id,
                                                           const Authorization& authorization) const {
  std::vector<LotShare> shares = ReadShares(transaction, smart_account_id, authorization.id);
  if (authorization.replaces.has_value()) {
    const std::vector<LotShare> before = ReadShares(transaction, smart_account_id, *authorization.replaces);
    const Succession succession = Succeed(WantedOf(authorization), shares, before);
    shares.insert(shares.end(), succession.taken.begin(), succession.taken.end());
  }
  std::vector<int64_t> lots, tags;
  for (const LotShare& share : shares) {
    lots.push_back(share.lot_id);
    tags.push_back(share.pool.tag_id);
  }
  const auto facts_of_tags = FactsOfTags(transaction, tags);
  const auto facts_of_lots = FactsOfLots(transaction, smart_account_id, lots);
  CodeRequest request{.smart_account_id = smart_account_id,
                      .authorization_id = authorization.id,
                      .udi = authorization.udi,
                      .sequence = authorization.sequence,
                      .issued_at = authorization.requested_at,
                      .reservation = authorization.kind != AuthorizationKind::kAuthorization,
                      .entitlements = {}};
  for (const LotShare& share : shares) {
    const TagFacts& tag = facts_of_tags.at(share.pool.tag_id);
    const LotFacts& lot = facts_of_lots.at(share.lot_id);
    request.entitlements.push_back({.tag = tag.tag,
                                    .display_name = tag.display_name,
                                    .description = tag.description,
                                    .subscription_id = lot.subscription_id,
                                    .count = share.quantity,
                                    .term = lot.term,
                                    .start_at = lot.start_at,
                                    .end_at = lot.end_at});
  }
  return request;
}

// Under the lock: the code was signed outside of it, and what is signed is never handed out for anything
// else.
absl::StatusOr<std::string> AuthorizationFlow::FindRefusal(pqxx::transaction_base& transaction,
                                                           const Authorization& authorization,
                                                           const CodeRequest& signed_request) const {
  if (IsExportControlled(transaction, authorization)) {
    const std::string refusal =
        ExportRefusal(ReadAuthorizationRule(transaction, signed_request.smart_account_id), authorization);
    if (!refusal.empty()) return refusal;
  }
  ASSIGN_OR_RETURN(const CodeRequest held,
                   PrepareCode(transaction, signed_request.smart_account_id, authorization));
  if (!SamePromise(held, signed_request))
    return std::string("whose rights changed while its code was signed");
  return std::string();
}

absl::StatusOr<AuthorizationFlow::GrantOutcome> AuthorizationFlow::CommitGrant(
    pqxx::transaction_base& transaction, const Act& act, const CodeRequest& signed_request,
    const SignedCode& code) const {
  const int64_t smart_account_id = signed_request.smart_account_id;
  AuthorizationChanges changes(transaction, smart_account_id, act);
  ASSIGN_OR_RETURN(Authorization authorization,
                   FindOne(transaction, smart_account_id, signed_request.authorization_id));
  // Somebody else asked for the same and was faster.
  if (IsInForce(authorization.state)) return GrantOutcome{authorization, ""};
  if (HasEnded(authorization.state)) return GrantOutcome{authorization, "which ended before it was granted"};
  const Authorization before = authorization;
  ASSIGN_OR_RETURN(std::string refusal, FindRefusal(transaction, authorization, signed_request));
  const std::vector<LotShare> shares = ReadShares(transaction, smart_account_id, authorization.id);
  if (refusal.empty() && changes.rights().Commit(shares).has_value())
    refusal = "of rights whose term has ended";
  if (refusal.empty()) {
    authorization.confirmation_hash = code.confirmation_hash;
    authorization.removal_hash = code.removal_hash;
    RETURN_IF_ERROR(changes.Step(authorization, AuthorizationEvent::kGrant, "held"));
  } else {
    RETURN_IF_ERROR(changes.EndHold(authorization, AuthorizationEvent::kTimeOut));
    changes.rights().Settle();
  }
  Audit(transaction, smart_account_id, act, before, authorization);
  return GrantOutcome{std::move(authorization), std::move(refusal)};
}

absl::StatusOr<Authorization> AuthorizationFlow::Grant(int64_t smart_account_id, int64_t authorization_id,
                                                       const Act& act) const {
  Authorization authorization;
  std::optional<CodeRequest> request;
  RETURN_IF_ERROR(pool_.Read("ledger_prepare_code", [&](pqxx::transaction_base& transaction) -> absl::Status {
    request.reset();
    ASSIGN_OR_RETURN(authorization, FindOne(transaction, smart_account_id, authorization_id));
    if (authorization.state != AuthorizationState::kHeld) return absl::OkStatus();
    ASSIGN_OR_RETURN(request, PrepareCode(transaction, smart_account_id, authorization));
    return absl::OkStatus();
  }));
  if (!request.has_value()) return authorization;
  ASSIGN_OR_RETURN(const SignedCode code, signer_.sign(*request));
  ASSIGN_OR_RETURN(GrantOutcome outcome,
                   pool_.Transact("ledger_grant", [&](pqxx::transaction_base& transaction) {
                     return CommitGrant(transaction, act, *request, code);
                   }));
  // After the commit: the hold has ended, whoever hears of it.
  if (!outcome.refusal.empty()) return AuthorizationNotGranted(authorization_id, outcome.refusal);
  outcome.authorization.code = code.code;
  return std::move(outcome.authorization);
}

absl::StatusOr<Authorization> AuthorizationFlow::Approve(pqxx::transaction_base& transaction, const Act& act,
                                                         int64_t smart_account_id,
                                                         int64_t authorization_id) const {
  AuthorizationChanges changes(transaction, smart_account_id, act);
  ASSIGN_OR_RETURN(Authorization authorization, FindOne(transaction, smart_account_id, authorization_id));
  if (!MayDecide(authorization.requested_by, act.actor)) return DecisionDenied(authorization_id);
  // Approved before, and the answer was lost.
  if (authorization.decided_by == act.actor && !HasEnded(authorization.state)) return authorization;
  if (IsExportControlled(transaction, authorization)) {
    RETURN_IF_ERROR(CheckExport(ReadAuthorizationRule(transaction, smart_account_id).export_status));
  }
  const Authorization before = authorization;
  authorization.decided_by = act.actor;
  authorization.decided_at = act.now;
  authorization.hold_expires_at = act.now + terms_.hold_timeout;
  RETURN_IF_ERROR(changes.Step(authorization, AuthorizationEvent::kApprove, "awaiting_approval"));
  Audit(transaction, smart_account_id, act, before, authorization);
  return authorization;
}

absl::StatusOr<Authorization> AuthorizationFlow::Deny(pqxx::transaction_base& transaction, const Act& act,
                                                      int64_t smart_account_id,
                                                      int64_t authorization_id) const {
  AuthorizationChanges changes(transaction, smart_account_id, act);
  ASSIGN_OR_RETURN(Authorization authorization, FindOne(transaction, smart_account_id, authorization_id));
  if (!MayDecide(authorization.requested_by, act.actor)) return DecisionDenied(authorization_id);
  if (authorization.state != AuthorizationState::kAwaitingApproval) {
    return AuthorizationStateInvalid(authorization_id, StateName(authorization.state), "awaiting_approval");
  }
  const Authorization before = authorization;
  authorization.decided_by = act.actor;
  authorization.decided_at = act.now;
  RETURN_IF_ERROR(changes.EndHold(authorization, AuthorizationEvent::kDeny));
  Audit(transaction, smart_account_id, act, before, authorization);
  changes.rights().Settle();
  return authorization;
}

absl::StatusOr<Authorization> AuthorizationFlow::AskReturn(pqxx::transaction_base& transaction,
                                                           const Act& act, int64_t smart_account_id,
                                                           const UdiText& udi, AuthorizationKind kind) const {
  AuthorizationChanges changes(transaction, smart_account_id, act);
  const auto instance = FindInstance(transaction, smart_account_id, udi);
  if (!instance.has_value()) return ProductInstanceUnknown(udi.product_id, udi.serial_number);
  const bool reservations = kind != AuthorizationKind::kAuthorization;
  for (Authorization& live : LiveAuthorizations(transaction, smart_account_id, instance->id)) {
    if ((live.kind != AuthorizationKind::kAuthorization) != reservations) continue;
    if (live.state == AuthorizationState::kReturnPending) return live;
    if (live.state != AuthorizationState::kConfirmed) continue;
    const Authorization before = live;
    RETURN_IF_ERROR(changes.Step(live, AuthorizationEvent::kAskReturn, "confirmed"));
    Audit(transaction, smart_account_id, act, before, live);
    return live;
  }
  return FieldMissing("removal_code",
                      "the one that the product instance shows, as nothing is confirmed here");
}

absl::StatusOr<int> AuthorizationFlow::ExpireHolds(absl::Time now) const {
  ASSIGN_OR_RETURN(
      const std::vector<DueAuthorization> due,
      pool_.Read("ledger_due_holds",
                 [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<DueAuthorization>> {
                   return DueHolds(transaction, now, kExpiredPerRun);
                 }));
  const Act act{"service:ledger", "", "ledger.v1.AuthorizationService/ExpireHold", now};
  absl::Status worst;
  for (const DueAuthorization& one : due) {
    // One that cannot be freed keeps no other.
    const absl::Status freed = pool_.Transact("ledger_expire_hold", [&](pqxx::transaction_base& transaction) {
      return ExpireHold(transaction, act, one);
    });
    if (!freed.ok()) worst = freed;
  }
  RETURN_IF_ERROR(worst);
  return static_cast<int>(due.size());
}

absl::StatusOr<std::string> AuthorizationFlow::CodeOf(int64_t smart_account_id,
                                                      const Authorization& authorization) const {
  if (!IsInForce(authorization.state)) return std::string();
  if (!authorization.code.empty()) return authorization.code;
  return signer_.find(smart_account_id, authorization.id);
}

}  // namespace quartermaster::ledger
