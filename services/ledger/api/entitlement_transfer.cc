// TransferEntitlements and ReverseMovement: rights move between the Virtual Accounts of one Smart Account.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/entitlement_service.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/row_errors.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

std::string FieldOf(int line, const char* field) { return absl::StrCat("transfers[", line, "].", field); }

// What the names in a request stand for.
struct Named {
  std::map<std::string, int64_t> virtual_accounts;
  std::map<std::string, int32_t> tags;
  std::map<std::string, int64_t> lots;
};

Named Resolve(pqxx::transaction_base& tx, int64_t smart_account_id,
              const v1::TransferEntitlementsRequest& request) {
  std::set<std::string> accounts, tags;
  std::vector<std::string> entitlements;
  for (const v1::EntitlementTransfer& line : request.transfers()) {
    for (const std::string* name : {&line.from_virtual_account(), &line.to_virtual_account()}) {
      if (CheckText("", *name, kIdBytesMax).ok()) accounts.insert(*name);
    }
    if (CheckText("", line.tag(), kTagBytesMax).ok()) tags.insert(line.tag());
    if (CheckText("", line.entitlement_id(), kIdBytesMax).ok()) entitlements.push_back(line.entitlement_id());
  }
  return {.virtual_accounts = VirtualAccountIds(tx, smart_account_id, accounts),
          .tags = FindTagIds(tx, {tags.begin(), tags.end()}),
          .lots = LotsOf(tx, smart_account_id, entitlements)};
}

absl::StatusOr<int64_t> AccountOf(const Named& named, const std::string& field, const std::string& name) {
  RETURN_IF_ERROR(CheckText(field, name, kIdBytesMax));
  const auto found = named.virtual_accounts.find(name);
  if (found == named.virtual_accounts.end()) return VirtualAccountUnknown(field, name);
  return found->second;
}

absl::StatusOr<TransferLine> LineOf(const Named& named, const v1::EntitlementTransfer& line, int number) {
  TransferLine out;
  ASSIGN_OR_RETURN(out.from.virtual_account_id,
                   AccountOf(named, FieldOf(number, "from_virtual_account"), line.from_virtual_account()));
  ASSIGN_OR_RETURN(out.to_virtual_account_id,
                   AccountOf(named, FieldOf(number, "to_virtual_account"), line.to_virtual_account()));
  if (out.from.virtual_account_id == out.to_virtual_account_id) {
    return FieldInvalid(FieldOf(number, "to_virtual_account"), line.to_virtual_account(),
                        "another Virtual Account than it comes from");
  }
  RETURN_IF_ERROR(CheckText(FieldOf(number, "tag"), line.tag(), kTagBytesMax));
  const auto tag = named.tags.find(line.tag());
  if (tag == named.tags.end()) return TagUnknown(FieldOf(number, "tag"), line.tag());
  out.from.tag_id = tag->second;
  if (line.quantity() < 1 || line.quantity() > kQuantityMax) {
    return QuantityOutOfRange(FieldOf(number, "quantity"), line.quantity(), 1, kQuantityMax);
  }
  out.quantity = line.quantity();
  if (line.term() != v1::TERM_UNSPECIFIED) out.term = static_cast<Term>(line.term());
  if (!line.entitlement_id().empty()) {
    RETURN_IF_ERROR(CheckText(FieldOf(number, "entitlement_id"), line.entitlement_id(), kIdBytesMax));
    const auto lot = named.lots.find(line.entitlement_id());
    if (lot == named.lots.end()) {
      return EntitlementUnknown(FieldOf(number, "entitlement_id"), line.entitlement_id());
    }
    out.lot_id = lot->second;
  }
  return out;
}

std::vector<BookedMovement> EffectiveAt(absl::Time time, const std::vector<RightsMovement>& movements) {
  std::vector<BookedMovement> booked;
  for (const RightsMovement& movement : movements) booked.push_back({movement, time});
  return booked;
}

void Answer(pqxx::transaction_base& tx, int64_t smart_account_id, int64_t movement_id,
            const std::vector<RightsMovement>& movements, v1::Movement* response) {
  std::vector<int64_t> lots;
  for (const RightsMovement& movement : movements) lots.push_back(movement.lot_id);
  const std::map<int64_t, LotNames> names = NamesOfLots(tx, smart_account_id, lots);
  const std::map<int64_t, std::string> accounts = VirtualAccountNames(tx, smart_account_id);
  response->set_movement_id(movement_id);
  for (const RightsMovement& movement : movements) {
    v1::Movement::Quantity& quantity = *response->add_quantities();
    quantity.set_tag(names.at(movement.lot_id).tag);
    quantity.set_entitlement_id(names.at(movement.lot_id).entitlement_id);
    quantity.set_from_virtual_account(accounts.at(movement.from.virtual_account_id));
    quantity.set_to_virtual_account(accounts.at(movement.to.virtual_account_id));
    quantity.set_quantity(movement.quantity);
  }
}

absl::Status Transfer(pqxx::transaction_base& tx, const Act& act, int64_t smart_account_id,
                      const v1::TransferEntitlementsRequest& request, v1::Movement* response) {
  const Named named = Resolve(tx, smart_account_id, request);
  std::vector<TransferLine> lines;
  std::set<RightsPool> pools;
  for (const v1::EntitlementTransfer& line : request.transfers()) {
    ASSIGN_OR_RETURN(const TransferLine wanted, LineOf(named, line, static_cast<int>(lines.size())));
    pools.insert(wanted.from);
    pools.insert({wanted.to_virtual_account_id, wanted.from.tag_id});
    lines.push_back(wanted);
  }
  LockRights(tx, smart_account_id);
  RightsBook book = ReadRights(tx, smart_account_id, pools);
  std::vector<RightsMovement> moved;
  if (const auto shortage = book.Transfer(lines, act.now, moved)) {
    const v1::EntitlementTransfer& line = request.transfers(static_cast<int>(shortage->line));
    return QuantityNotAvailable(FieldOf(static_cast<int>(shortage->line), "quantity"), line.quantity(),
                                shortage->available,
                                absl::StrCat(line.tag(), " in ", line.from_virtual_account()));
  }
  const int64_t movement_id =
      BookMovements(tx, smart_account_id, ChangeKind::kTransfer, EffectiveAt(act.now, moved), act);
  WriteAudit(tx, smart_account_id, act, "",
             absl::StrCat("{\"movement_id\":", movement_id, ",\"transfers\":", lines.size(), "}"));
  Answer(tx, smart_account_id, movement_id, moved, response);
  return absl::OkStatus();
}

absl::Status Reverse(pqxx::transaction_base& tx, const Act& act, int64_t smart_account_id,
                     int64_t movement_id, v1::Movement* response) {
  LockRights(tx, smart_account_id);
  const std::optional<StoredMovements> stored = ReadMovements(tx, smart_account_id, movement_id);
  if (!stored.has_value()) return MovementUnknown(movement_id);
  if (stored->kind != ChangeKind::kTransfer && stored->kind != ChangeKind::kReversal) {
    return MovementNotReversible(movement_id);
  }
  if (stored->reversed_by.has_value()) return MovementReversed(movement_id, *stored->reversed_by);
  std::set<RightsPool> pools;
  for (const RightsMovement& movement : stored->movements) {
    pools.insert({movement.from.virtual_account_id, movement.tag_id});
    pools.insert({movement.to.virtual_account_id, movement.tag_id});
  }
  RightsBook book = ReadRights(tx, smart_account_id, pools);
  std::vector<RightsMovement> moved;
  if (const auto shortage = book.Reverse(stored->movements, act.now, moved)) {
    const RightsMovement& stuck = stored->movements[shortage->line];
    const LotNames names = NamesOfLots(tx, smart_account_id, {stuck.lot_id}).at(stuck.lot_id);
    return QuantityNotAvailable(
        "movement_id", stuck.quantity, shortage->available,
        absl::StrCat(names.entitlement_id, " of ", names.tag, " in ",
                     VirtualAccountNames(tx, smart_account_id).at(stuck.to.virtual_account_id)));
  }
  const int64_t reversal = BookMovements(tx, smart_account_id, ChangeKind::kReversal,
                                         EffectiveAt(act.now, moved), act, movement_id);
  WriteAudit(tx, smart_account_id, act, absl::StrCat("{\"movement_id\":", movement_id, "}"),
             absl::StrCat("{\"movement_id\":", reversal, "}"));
  Answer(tx, smart_account_id, reversal, moved, response);
  return absl::OkStatus();
}

}  // namespace

grpc::Status EntitlementServiceImpl::TransferEntitlements(grpc::ServerContext* context,
                                                          const v1::TransferEntitlementsRequest* request,
                                                          v1::Movement* response) {
  absl::Status rows = CheckRowCount("transfers", request->transfers_size());
  if (request->transfers().empty()) rows = FieldMissing("transfers", "one or more");
  if (!rows.ok()) return rpc::ToGrpc(rows);
  return IdempotentWrite(api_, *context, "ledger.v1.EntitlementService/TransferEntitlements", *request,
                         request->request_id(), response,
                         [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           return Transfer(tx, act, account.id, *request, response);
                         });
}

grpc::Status EntitlementServiceImpl::ReverseMovement(grpc::ServerContext* context,
                                                     const v1::ReverseMovementRequest* request,
                                                     v1::Movement* response) {
  return IdempotentWrite(api_, *context, "ledger.v1.EntitlementService/ReverseMovement", *request,
                         request->request_id(), response,
                         [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
                           ASSIGN_OR_RETURN(const SmartAccount account,
                                            SmartAccountOfCall(tx, *context, request->smart_account()));
                           return Reverse(tx, act, account.id, request->movement_id(), response);
                         });
}

}  // namespace quartermaster::ledger
