#include "services/ledger/api/terms_service.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/terms_book.h"

namespace quartermaster::ledger {
namespace {

std::string Text(absl::Time time) { return absl::FormatTime(time, absl::UTCTimeZone()); }

absl::Status CheckRequest(const v1::CorrectEntitlementRequest& request) {
  RETURN_IF_ERROR(CheckText("entitlement_id", request.entitlement_id(), kIdBytesMax));
  RETURN_IF_ERROR(CheckText("virtual_account", request.virtual_account(), kIdBytesMax, true));
  const int64_t change = request.quantity_change();
  if (change == 0) return FieldInvalid("quantity_change", "0", "how many more, or, negative, fewer");
  if (change < -kQuantityMax || change > kQuantityMax) {
    return QuantityOutOfRange("quantity_change", change, -kQuantityMax, kQuantityMax);
  }
  return absl::OkStatus();
}

// What the correction moves. Rights are locked.
absl::StatusOr<RightsMovement> MovementOf(pqxx::transaction_base& tx, int64_t account_id,
                                          const PurchasedLot& lot, const VirtualAccount& place,
                                          int64_t change, absl::Time now) {
  if (lot.lot.end_at <= now) return EntitlementEnded("entitlement_id", Text(lot.lot.end_at));
  const RightsMovement added{.lot_id = lot.lot.lot_id,
                             .tag_id = lot.lot.tag_id,
                             .quantity = std::max(change, -change),
                             .from = {EntryState::kSource, 0},
                             .to = {EntryState::kAvailable, place.id}};
  if (change > 0) {
    if (lot.quantity + change <= kQuantityMax) return added;
    return QuantityOutOfRange("quantity_change", change, -lot.quantity, kQuantityMax - lot.quantity);
  }
  // Fewer are an addition undone.
  RightsBook book = ReadRights(tx, account_id, {RightsPool{place.id, lot.lot.tag_id}});
  book.AddLot(lot.lot);
  std::vector<RightsMovement> moved;
  const std::optional<Shortage> shortage = book.Reverse({&added, 1}, now, moved);
  if (!shortage.has_value()) return moved.front();
  return QuantityNotAvailable("quantity_change", -change, shortage->available,
                              absl::StrCat(lot.tag, " in ", place.name));
}

absl::Status Correct(pqxx::transaction_base& tx, const SmartAccount& account,
                     const v1::CorrectEntitlementRequest& request, const Act& act, v1::Movement* response) {
  RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
  const std::optional<PurchasedLot> lot = FindLot(tx, account.id, request.entitlement_id());
  if (!lot.has_value()) return EntitlementUnknown("entitlement_id", request.entitlement_id());
  VirtualAccount place;
  place.id = lot->virtual_account_id;
  if (request.virtual_account().empty()) {
    place.name = VirtualAccountNames(tx, account.id, {place.id}).at(place.id);
    if (AnyClosed(tx, account.id, {place.id}).has_value()) return VirtualAccountClosed(place.name);
  } else {
    ASSIGN_OR_RETURN(place, FindVirtualAccount(tx, account.id, request.virtual_account(), "virtual_account"));
  }
  ASSIGN_OR_RETURN(const RightsMovement movement,
                   MovementOf(tx, account.id, *lot, place, request.quantity_change(), act.now));
  // What has not begun is corrected from its start on, as it was bought.
  const BookedMovement booked{movement, std::max(act.now, lot->lot.start_at)};
  const int64_t movement_id = BookMovements(tx, account.id, ChangeKind::kCorrection, {&booked, 1}, act);

  response->set_movement_id(movement_id);
  v1::Movement::Quantity& quantity = *response->add_quantities();
  quantity.set_tag(lot->tag);
  quantity.set_entitlement_id(request.entitlement_id());
  if (request.quantity_change() > 0) {
    quantity.set_to_virtual_account(place.name);
  } else {
    quantity.set_from_virtual_account(place.name);
  }
  quantity.set_quantity(movement.quantity);
  WriteAudit(tx, account.id, act, absl::StrCat("{\"quantity\":", lot->quantity, "}"),
             absl::StrCat("{\"movement_id\":", movement_id,
                          ",\"entitlement_id\":", JsonString(request.entitlement_id()),
                          ",\"quantity\":", lot->quantity + request.quantity_change(), "}"));
  return absl::OkStatus();
}

std::string AuditOf(ConsumptionOrder order) {
  return absl::StrCat("{\"consumption_order\":", static_cast<int>(order), "}");
}

}  // namespace

grpc::Status TermsServiceImpl::CorrectEntitlement(grpc::ServerContext* context,
                                                  const v1::CorrectEntitlementRequest* request,
                                                  v1::Movement* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.TermsService/CorrectEntitlement", *request,
                         request->request_id(), response,
                         [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           RETURN_IF_ERROR(CheckRequest(*request));
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           return Correct(tx, account, *request, act, response);
                         });
}

grpc::Status TermsServiceImpl::GetConsumptionOrder(grpc::ServerContext* context,
                                                   const v1::GetConsumptionOrderRequest* request,
                                                   v1::ConsumptionOrderSetting* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_get_consumption_order", [&](pqxx::transaction_base& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        response->set_smart_account(account.domain);
        response->set_consumption_order(
            static_cast<v1::ConsumptionOrder>(ReadConsumptionOrder(tx, account.id)));
        return absl::OkStatus();
      }));
}

grpc::Status TermsServiceImpl::SetConsumptionOrder(grpc::ServerContext* context,
                                                   const v1::SetConsumptionOrderRequest* request,
                                                   v1::ConsumptionOrderSetting* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.TermsService/SetConsumptionOrder", *request,
                         request->request_id(), response,
                         [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           if (request->consumption_order() == v1::CONSUMPTION_ORDER_UNSPECIFIED ||
                               !v1::ConsumptionOrder_IsValid(request->consumption_order())) {
                             return FieldInvalid("consumption_order",
                                                 absl::StrCat(static_cast<int>(request->consumption_order())),
                                                 "one of the orders that there are");
                           }
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
                           const ConsumptionOrder before = ReadConsumptionOrder(tx, account.id);
                           const auto after = static_cast<ConsumptionOrder>(request->consumption_order());
                           ledger::SetConsumptionOrder(tx, account.id, after);
                           WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
                           WriteAudit(tx, account.id, act, AuditOf(before), AuditOf(after));
                           response->set_smart_account(account.domain);
                           response->set_consumption_order(request->consumption_order());
                           return absl::OkStatus();
                         });
}

}  // namespace quartermaster::ledger
