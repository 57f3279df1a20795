#include "services/ledger/api/authorization_view.h"

#include <algorithm>

#include "services/common/crypto/authorization_proof.h"
#include "services/common/rpc/caller.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"

namespace quartermaster::ledger {
namespace {

constexpr char kDeviceRole[] = "device";

}  // namespace

static_assert(static_cast<int>(AuthorizationState::kAwaitingApproval) ==
                  v1::AUTHORIZATION_STATE_AWAITING_APPROVAL &&
              static_cast<int>(AuthorizationState::kGranted) == v1::AUTHORIZATION_STATE_GRANTED &&
              static_cast<int>(AuthorizationState::kExpired) == v1::AUTHORIZATION_STATE_EXPIRED);

v1::Authorization View(const Authorization& authorization,
                       const std::map<int64_t, std::string>& virtual_accounts) {
  v1::Authorization view;
  view.set_authorization_id(authorization.id);
  view.mutable_udi()->set_product_id(authorization.udi.product_id);
  view.mutable_udi()->set_serial_number(authorization.udi.serial_number);
  view.set_virtual_account(virtual_accounts.at(authorization.virtual_account_id));
  view.set_state(static_cast<v1::AuthorizationState>(authorization.state));
  std::vector<AuthorizationLine> lines = authorization.lines;
  std::sort(lines.begin(), lines.end(),
            [](const AuthorizationLine& a, const AuthorizationLine& b) { return a.tag < b.tag; });
  for (const AuthorizationLine& line : lines) {
    v1::AuthorizationLine& shown = *view.add_lines();
    shown.set_tag(line.tag);
    shown.set_count(line.quantity);
  }
  view.set_sequence(authorization.sequence);
  view.set_replaces_authorization_id(authorization.replaces.value_or(0));
  view.set_requested_by(authorization.requested_by);
  SetTime(authorization.requested_at, view.mutable_request_time());
  view.set_decided_by(authorization.decided_by);
  if (authorization.decided_at) SetTime(*authorization.decided_at, view.mutable_decision_time());
  if (authorization.hold_expires_at) SetTime(*authorization.hold_expires_at, view.mutable_hold_expire_time());
  if (authorization.granted_at) SetTime(*authorization.granted_at, view.mutable_grant_time());
  if (authorization.confirmed_at) SetTime(*authorization.confirmed_at, view.mutable_confirm_time());
  if (authorization.ended_at) SetTime(*authorization.ended_at, view.mutable_end_time());
  return view;
}

bool IsDevice(const grpc::ServerContext& context) { return rpc::ReadCaller(context).role == kDeviceRole; }

absl::StatusOr<std::string> CodeFor(const AuthorizationFlow& flow, const grpc::ServerContext& context,
                                    int64_t smart_account_id, const Authorization& authorization,
                                    const std::string& confirmation_code) {
  if (IsDevice(context)) {
    const bool showed = !confirmation_code.empty() && !authorization.confirmation_hash.empty() &&
                        crypto::ProofHash(confirmation_code) == authorization.confirmation_hash;
    if (!DeviceMayHaveCode(authorization.state, showed)) return std::string();
  }
  return flow.CodeOf(smart_account_id, authorization);
}

absl::Status AttachCode(const ApiContext& api, const AuthorizationFlow& flow,
                        const grpc::ServerContext& context, const std::string& named,
                        const std::string& confirmation_code, v1::Authorization* response) {
  int64_t smart_account_id = 0;
  // How it is by now: a kept answer may be a week old, and a code that has ended is not handed out again.
  ASSIGN_OR_RETURN(
      const std::optional<Authorization> current,
      api.pool->Read("ledger_find_authorization",
                     [&](pqxx::transaction_base& tx) -> absl::StatusOr<std::optional<Authorization>> {
                       ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, context, named));
                       smart_account_id = account.id;
                       return FindAuthorization(tx, account.id, response->authorization_id());
                     }));
  if (!current.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(*response->mutable_smart_license(),
                   CodeFor(flow, context, smart_account_id, *current, confirmation_code));
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
