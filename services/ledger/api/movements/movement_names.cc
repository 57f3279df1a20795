#include "services/ledger/api/movements/movement_names.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/catalog_book.h"

namespace quartermaster::ledger {
namespace {

absl::StatusOr<int64_t> AccountOf(const RequestNames& names, const std::string& field,
                                  const std::string& name) {
  RETURN_IF_ERROR(CheckText(field, name, kIdBytesMax));
  const auto found = names.virtual_accounts.find(name);
  if (found == names.virtual_accounts.end()) return VirtualAccountUnknown(field, name);
  return found->second;
}

absl::StatusOr<TransferLine> LineOf(const RequestNames& names, const v1::EntitlementTransfer& line,
                                    size_t number) {
  TransferLine out;
  ASSIGN_OR_RETURN(
      out.from.virtual_account_id,
      AccountOf(names, TransferField(number, "from_virtual_account"), line.from_virtual_account()));
  ASSIGN_OR_RETURN(out.to_virtual_account_id,
                   AccountOf(names, TransferField(number, "to_virtual_account"), line.to_virtual_account()));
  if (out.from.virtual_account_id == out.to_virtual_account_id) {
    return FieldInvalid(TransferField(number, "to_virtual_account"), line.to_virtual_account(),
                        "another Virtual Account than it comes from");
  }
  RETURN_IF_ERROR(CheckText(TransferField(number, "tag"), line.tag(), kTagBytesMax));
  const auto tag = names.tags.find(line.tag());
  if (tag == names.tags.end()) return TagUnknown(TransferField(number, "tag"), line.tag());
  out.from.tag_id = tag->second;
  if (line.quantity() < 1 || line.quantity() > kQuantityMax) {
    return QuantityOutOfRange(TransferField(number, "quantity"), line.quantity(), 1, kQuantityMax);
  }
  out.quantity = line.quantity();
  if (line.term() != v1::TERM_UNSPECIFIED) out.term = static_cast<Term>(line.term());
  if (!line.entitlement_id().empty()) {
    const std::string field = TransferField(number, "entitlement_id");
    RETURN_IF_ERROR(CheckText(field, line.entitlement_id(), kIdBytesMax));
    const auto lot = names.lots.find(line.entitlement_id());
    if (lot == names.lots.end()) return EntitlementUnknown(field, line.entitlement_id());
    out.lot_id = lot->second;
  }
  return out;
}

}  // namespace

std::string TransferField(size_t line, const char* field) {
  return absl::StrCat("transfers[", line, "].", field);
}

RequestNames ReadRequestNames(pqxx::transaction_base& transaction, int64_t smart_account_id,
                              std::span<MovementCall* const> calls) {
  std::set<std::string> accounts, tags, entitlements;
  for (const MovementCall* call : calls) {
    if (call->transfer == nullptr) continue;
    for (const v1::EntitlementTransfer& line : call->transfer->transfers()) {
      for (const std::string* name : {&line.from_virtual_account(), &line.to_virtual_account()}) {
        if (CheckText("", *name, kIdBytesMax).ok()) accounts.insert(*name);
      }
      if (CheckText("", line.tag(), kTagBytesMax).ok()) tags.insert(line.tag());
      if (CheckText("", line.entitlement_id(), kIdBytesMax).ok()) entitlements.insert(line.entitlement_id());
    }
  }
  RequestNames names;
  if (!accounts.empty()) names.virtual_accounts = VirtualAccountIds(transaction, smart_account_id, accounts);
  if (!tags.empty()) names.tags = FindTagIds(transaction, {tags.begin(), tags.end()});
  if (!entitlements.empty()) {
    names.lots = LotsOf(transaction, smart_account_id, {entitlements.begin(), entitlements.end()});
  }
  return names;
}

absl::StatusOr<std::vector<TransferLine>> LinesOf(const RequestNames& names,
                                                  const v1::TransferEntitlementsRequest& request) {
  std::vector<TransferLine> lines;
  lines.reserve(request.transfers_size());
  for (const v1::EntitlementTransfer& line : request.transfers()) {
    ASSIGN_OR_RETURN(const TransferLine wanted, LineOf(names, line, lines.size()));
    lines.push_back(wanted);
  }
  return lines;
}

AnswerNames::AnswerNames(pqxx::transaction_base& transaction, int64_t smart_account_id,
                         std::span<const RightsChange> changes, KnownLots& lots)
    : lots_(lots) {
  std::set<int64_t> accounts, unknown_lots;
  for (const RightsChange& change : changes) {
    for (const BookedMovement& booked : change.movements) {
      accounts.insert({booked.movement.from.virtual_account_id, booked.movement.to.virtual_account_id});
      if (!lots.contains(booked.movement.lot_id)) unknown_lots.insert(booked.movement.lot_id);
    }
  }
  virtual_accounts_ = VirtualAccountNames(transaction, smart_account_id, accounts);
  if (unknown_lots.empty()) return;
  lots.merge(NamesOfLots(transaction, smart_account_id, {unknown_lots.begin(), unknown_lots.end()}));
}

std::string AnswerNames::NameOf(const RightsPlace& place) const {
  return place.virtual_account_id == 0 ? "" : virtual_accounts_.at(place.virtual_account_id);
}

void AnswerNames::Fill(int64_t movement_id, const RightsChange& change, v1::Movement* response) const {
  response->Clear();
  response->set_movement_id(movement_id);
  for (const auto& [movement, effective_at] : change.movements) {
    v1::Movement::Quantity& quantity = *response->add_quantities();
    const LotNames& lot = lots_.at(movement.lot_id);
    quantity.set_tag(lot.tag);
    quantity.set_entitlement_id(lot.entitlement_id);
    quantity.set_from_virtual_account(NameOf(movement.from));
    quantity.set_to_virtual_account(NameOf(movement.to));
    quantity.set_quantity(movement.quantity);
  }
}

}  // namespace quartermaster::ledger
