#include "services/ledger/api/hold_service.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/hold_book.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kReasonBytesMax = 1024;

void ToProto(const Hold& hold, v1::Hold* out) {
  out->set_hold_id(hold.id);
  out->set_name(hold.name);
  out->set_reason(hold.reason);
  SetTime(hold.placed_at, out->mutable_placed_at());
  out->set_placed_by(hold.placed_by);
  if (!hold.released_at.has_value()) return;
  SetTime(*hold.released_at, out->mutable_released_at());
  out->set_released_by(hold.released_by);
}

std::string AuditOf(const Hold& hold) {
  return absl::StrCat("{\"hold_id\":", hold.id, ",\"name\":", JsonString(hold.name),
                      ",\"reason\":", JsonString(hold.reason),
                      ",\"in_force\":", hold.released_at.has_value() ? "false" : "true", "}");
}

}  // namespace

grpc::Status HoldServiceImpl::PlaceHold(grpc::ServerContext* context, const v1::PlaceHoldRequest* request,
                                        v1::Hold* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.HoldService/PlaceHold", *request, request->request_id(),
                         response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           RETURN_IF_ERROR(CheckText("name", request->name(), kIdBytesMax));
                           RETURN_IF_ERROR(CheckText("reason", request->reason(), kReasonBytesMax));
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           LockOutRetention(tx);
                           const std::optional<Hold> placed =
                               InsertHold(tx, account.id, request->name(), request->reason(), act);
                           if (placed.has_value()) {
                             WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
                             WriteAudit(tx, account.id, act, "", AuditOf(*placed));
                             ToProto(*placed, response);
                             return absl::OkStatus();
                           }
                           const std::optional<Hold> standing = FindHold(tx, account.id, request->name());
                           // Released between the two statements.
                           if (!standing.has_value() || standing->released_at.has_value())
                             return Busy("hold");
                           if (standing->reason != request->reason())
                             return HoldExists(standing->name, standing->reason);
                           ToProto(*standing, response);
                           return absl::OkStatus();
                         });
}

grpc::Status HoldServiceImpl::ReleaseHold(grpc::ServerContext* context, const v1::ReleaseHoldRequest* request,
                                          v1::Hold* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.HoldService/ReleaseHold", *request, request->request_id(),
                         response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           RETURN_IF_ERROR(CheckText("name", request->name(), kIdBytesMax));
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           const std::optional<Hold> released =
                               ledger::ReleaseHold(tx, account.id, request->name(), act);
                           if (released.has_value()) {
                             Hold before = *released;
                             before.released_at = std::nullopt;
                             WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
                             WriteAudit(tx, account.id, act, AuditOf(before), AuditOf(*released));
                             ToProto(*released, response);
                             return absl::OkStatus();
                           }
                           const std::optional<Hold> last = FindHold(tx, account.id, request->name());
                           if (!last.has_value()) return HoldUnknown(request->name());
                           ToProto(*last, response);
                           return absl::OkStatus();
                         });
}

grpc::Status HoldServiceImpl::ListHolds(grpc::ServerContext* context, const v1::ListHoldsRequest* request,
                                        v1::ListHoldsResponse* response) {
  return rpc::ToGrpc(api_.pool->Read("ledger_list_holds", [&](pqxx::transaction_base& tx) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, *context, request->smart_account()));
    const uint64_t filter = ids::FilterHash(
        {"ListHolds", absl::StrCat(account.id), request->include_released() ? "all" : "in force"});
    ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
    ASSIGN_OR_RETURN(const int64_t after, AfterId(request->page_token(), filter));
    const std::vector<Hold> holds =
        ledger::ListHolds(tx, account.id, request->include_released(), after, size);
    for (const Hold& hold : holds) ToProto(hold, response->add_holds());
    if (static_cast<int>(holds.size()) == size) {
      response->set_next_page_token(ids::MakePageToken({absl::StrCat(holds.back().id)}, filter));
    }
    return absl::OkStatus();
  }));
}

}  // namespace quartermaster::ledger
