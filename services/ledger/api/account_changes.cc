// What becomes of accounts after they were made: renamed, given to somebody, made the default, closed.
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/account_service.h"
#include "services/ledger/api/account_view.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/instance_moves.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

// What one act moves: the lock of the usage books is not held for longer than a batch of reports holds it
// by much. Larger accounts are emptied first, by moves in batches. Those that were removed use nothing, and
// nobody can move them first: they go along however many they are.
constexpr int64_t kInstancesPerClosingMax = 5000;

std::string AuditOf(const VirtualAccount& account) {
  return absl::StrCat(
      "{\"virtual_account\":", JsonString(account.name), ",\"description\":", JsonString(account.description),
      ",\"responsible\":", JsonString(account.responsible), ",\"deputy\":", JsonString(account.deputy),
      ",\"is_default\":", account.is_default ? "true" : "false",
      ",\"closed\":", account.closed_at ? "true" : "false", "}");
}

std::string Described(const AccountContent& content) {
  std::vector<std::string> parts;
  const auto add = [&](int64_t count, const char* what) {
    if (count != 0) parts.push_back(absl::StrCat(count, " ", what));
  };
  add(content.entitlements, "entitlements");
  add(content.held, "held");
  add(content.reserved, "reserved");
  add(content.product_instances, "product instances");
  return absl::StrJoin(parts, ", ");
}

// Removed ones need not be asked about.
bool IsEmpty(const AccountContent& content) {
  return content.entitlements == 0 && content.product_instances == 0 && content.held == 0 &&
         content.reserved == 0;
}

absl::Status Change(const v1::UpdateVirtualAccountRequest& request, VirtualAccount& account) {
  if (request.has_name()) {
    RETURN_IF_ERROR(CheckText("name", request.name(), kAccountNameBytesMax));
    account.name = request.name();
  }
  if (request.has_description()) {
    RETURN_IF_ERROR(CheckText("description", request.description(), kDescriptionBytesMax, true));
    account.description = request.description();
  }
  if (request.has_responsible()) {
    RETURN_IF_ERROR(CheckText("responsible", request.responsible(), kIdBytesMax, true));
    account.responsible = request.responsible();
  }
  if (request.has_deputy()) {
    RETURN_IF_ERROR(CheckText("deputy", request.deputy(), kIdBytesMax, true));
    account.deputy = request.deputy();
  }
  return absl::OkStatus();
}

// Where the content of a Virtual Account goes, or why it may not be closed.
absl::StatusOr<VirtualAccount> TargetOf(pqxx::transaction_base& tx, int64_t smart_account_id,
                                        const VirtualAccount& closing, const AccountContent& content,
                                        const std::string& move_content_to) {
  if (closing.is_default) return VirtualAccountIsDefault(closing.name);
  if (content.product_instances > kInstancesPerClosingMax) {
    return VirtualAccountNotEmpty(closing.name, absl::StrCat(content.product_instances, " product instances"),
                                  absl::StrCat("at most ", kInstancesPerClosingMax, "; move them first"));
  }
  if (content.held != 0 || content.reserved != 0) {
    return VirtualAccountNotEmpty(closing.name, Described(content), "nothing that is held or reserved");
  }
  if (move_content_to.empty()) {
    if (!IsEmpty(content)) {
      return VirtualAccountNotEmpty(closing.name, Described(content), "an empty one, or move_content_to");
    }
    // For those that were removed: where they would be at home as new ones.
    for (const VirtualAccount& account :
         ListVirtualAccounts(tx, smart_account_id, 0, std::numeric_limits<int>::max(), false)) {
      if (account.is_default) return account;
    }
    return VirtualAccountUnknown("move_content_to", "");
  }
  ASSIGN_OR_RETURN(const VirtualAccount target,
                   FindVirtualAccount(tx, smart_account_id, move_content_to, "move_content_to"));
  if (target.id == closing.id) {
    return FieldInvalid("move_content_to", move_content_to, "another Virtual Account than the one to close");
  }
  return target;
}

// Rights keep lots, dates and states; what is in use goes along, so no pool is overdrawn that was not.
// Members of HA sets that are at home elsewhere go there.
absl::Status MoveContent(pqxx::transaction_base& tx, int64_t smart_account_id, const VirtualAccount& closing,
                         const VirtualAccount& target, const Act& act,
                         v1::CloseVirtualAccountResponse* response) {
  int64_t moved = MoveFollowersHome(tx, smart_account_id, closing.id, act);
  for (UdiText after;;) {
    const std::vector<int64_t> instances =
        InstancesAtHome(tx, smart_account_id, closing.id, after, kInstancesPerClosingMax);
    if (instances.empty()) break;
    const ChosenConsumers chosen = ChooseConsumers(tx, smart_account_id, instances, closing.id, target.id);
    ASSIGN_OR_RETURN(const int64_t of_these,
                     MoveInstances(tx, smart_account_id, chosen.leads, target.id, act));
    moved += of_these;
  }
  response->set_moved_product_instances(moved);
  const std::vector<RightsMovement> rights = MovementsOfAll(tx, smart_account_id, closing.id, target.id);
  if (rights.empty()) return absl::OkStatus();
  std::vector<BookedMovement> booked;
  for (const RightsMovement& movement : rights) booked.push_back({movement, act.now});
  response->set_movement_id(BookMovements(tx, smart_account_id, ChangeKind::kTransfer, booked, act));
  response->set_moved_entitlements(std::ssize(rights));
  return absl::OkStatus();
}

absl::Status Close(pqxx::transaction_base& tx, int64_t smart_account_id,
                   const v1::CloseVirtualAccountRequest& request, const Act& act,
                   v1::CloseVirtualAccountResponse* response) {
  // In this order everywhere: the rights before the usage books.
  RETURN_IF_ERROR(LockOpenRights(tx, smart_account_id).status());
  LockInstances(tx, act.now);
  ASSIGN_OR_RETURN(const VirtualAccount before,
                   FindVirtualAccount(tx, smart_account_id, request.virtual_account(), "virtual_account"));
  ASSIGN_OR_RETURN(const VirtualAccount target,
                   TargetOf(tx, smart_account_id, before, ReadContent(tx, smart_account_id, before.id),
                            request.move_content_to()));
  RETURN_IF_ERROR(MoveContent(tx, smart_account_id, before, target, act, response));
  CloseVirtualAccount(tx, smart_account_id, before.id, target.id, act.now);
  VirtualAccount after = before;
  after.closed_at = act.now;
  WriteChange(tx, smart_account_id, ChangeKind::kAdministration, {}, act);
  WriteAudit(tx, smart_account_id, act, AuditOf(before), AuditOf(after));
  ToProto(after, response->mutable_virtual_account());
  return absl::OkStatus();
}

}  // namespace

grpc::Status AccountServiceImpl::UpdateSmartAccount(grpc::ServerContext* context,
                                                    const v1::UpdateSmartAccountRequest* request,
                                                    v1::SmartAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/UpdateSmartAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("display_name", request->display_name(), kAccountNameBytesMax));
        ASSIGN_OR_RETURN(SmartAccount account, SmartAccountOfCall(tx, *context, request->smart_account()));
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        const std::string before = AuditOf(account);
        account.display_name = request->display_name();
        RenameSmartAccount(tx, account.id, account.display_name);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, before, AuditOf(account));
        ToProto(account, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::CloseSmartAccount(grpc::ServerContext* context,
                                                   const v1::CloseSmartAccountRequest* request,
                                                   v1::SmartAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/CloseSmartAccount", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("smart_account", request->smart_account(), kDomainBytesMax));
        ASSIGN_OR_RETURN(SmartAccount account, SmartAccountOfCall(tx, *context, request->smart_account()));
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        LockInstances(tx, act.now);
        if (account.is_default) return SmartAccountIsDefault(account.domain);
        const AccountContent content = ReadContent(tx, account.id, 0);
        if (!IsEmpty(content)) return SmartAccountNotEmpty(account.domain, Described(content));
        const std::string before = AuditOf(account);
        account.closed_at = act.now;
        ledger::CloseSmartAccount(tx, account.id, act.now);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, before, AuditOf(account));
        ToProto(account, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::UpdateVirtualAccount(grpc::ServerContext* context,
                                                      const v1::UpdateVirtualAccountRequest* request,
                                                      v1::VirtualAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/UpdateVirtualAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        ASSIGN_OR_RETURN(const VirtualAccount before,
                         FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
        VirtualAccount after = before;
        RETURN_IF_ERROR(Change(*request, after));
        const auto named = FindVirtualAccount(tx, account.id, after.name, "name");
        if (named.ok() && named->id != before.id) return VirtualAccountExists(after.name);
        ledger::UpdateVirtualAccount(tx, account.id, after);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, AuditOf(before), AuditOf(after));
        ToProto(after, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::SetDefaultVirtualAccount(grpc::ServerContext* context,
                                                          const v1::SetDefaultVirtualAccountRequest* request,
                                                          v1::VirtualAccount* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/SetDefaultVirtualAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        ASSIGN_OR_RETURN(const VirtualAccount before,
                         FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
        VirtualAccount after = before;
        after.is_default = true;
        ledger::SetDefaultVirtualAccount(tx, account.id, after.id);
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, AuditOf(before), AuditOf(after));
        ToProto(after, response);
        return absl::OkStatus();
      });
}

grpc::Status AccountServiceImpl::CloseVirtualAccount(grpc::ServerContext* context,
                                                     const v1::CloseVirtualAccountRequest* request,
                                                     v1::CloseVirtualAccountResponse* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.AccountService/CloseVirtualAccount", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("virtual_account", request->virtual_account(), kAccountNameBytesMax));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        return Close(tx, account.id, *request, act, response);
      });
}

}  // namespace quartermaster::ledger
