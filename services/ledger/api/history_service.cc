#include "services/ledger/api/history_service.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/history_query.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

// Later than everything.
constexpr char kEnd[] = "9999-12-31T23:59:59Z";

uint64_t TokenFilter(int64_t account_id, const v1::ListHistoryRequest& request) {
  v1::ListHistoryRequest filter = request;
  filter.clear_page_size();
  filter.clear_page_token();
  return ids::FilterHash({"ListHistory", absl::StrCat(account_id), filter.SerializeAsString()});
}

absl::Status AddTimes(const v1::ListHistoryRequest& request, HistoryFilter& filter) {
  absl::ParseTime(absl::RFC3339_full, kEnd, &filter.before.recorded_at, nullptr);
  // Change ids are positive: nothing that was recorded at that very time stands before this place.
  filter.before.change_id = 0;
  if (request.has_recorded_until()) {
    ASSIGN_OR_RETURN(filter.before.recorded_at, TimeOf("recorded_until", request.recorded_until()));
  }
  if (request.has_recorded_from()) {
    ASSIGN_OR_RETURN(filter.recorded_from, TimeOf("recorded_from", request.recorded_from()));
  }
  return absl::OkStatus();
}

// The names in the request become ids; a name that is none of this account's is refused.
absl::Status AddNames(pqxx::transaction_base& tx, const v1::ListHistoryRequest& request,
                      HistoryFilter& filter) {
  const int64_t account = filter.smart_account_id;
  if (!request.virtual_account().empty()) {
    ASSIGN_OR_RETURN(const VirtualAccount found,
                     FindVirtualAccount(tx, account, request.virtual_account(), "virtual_account"));
    filter.virtual_account_id = found.id;
  }
  if (!request.tag().empty()) {
    RETURN_IF_ERROR(CheckText("tag", request.tag(), kTagBytesMax));
    const std::map<std::string, int32_t> tags = FindTagIds(tx, {request.tag()});
    if (tags.empty()) return TagUnknown("tag", request.tag());
    filter.tag_id = tags.begin()->second;
  }
  if (!request.entitlement_id().empty()) {
    RETURN_IF_ERROR(CheckText("entitlement_id", request.entitlement_id(), kIdBytesMax));
    const std::map<std::string, int64_t> lots = LotsOf(tx, account, {request.entitlement_id()});
    if (lots.empty()) return EntitlementUnknown("entitlement_id", request.entitlement_id());
    filter.lot_id = lots.begin()->second;
  }
  if (!request.product_id().empty() || !request.serial_number().empty()) {
    RETURN_IF_ERROR(CheckText("product_id", request.product_id(), kIdBytesMax));
    RETURN_IF_ERROR(CheckText("serial_number", request.serial_number(), kIdBytesMax));
    const auto instance = FindInstance(tx, account, {request.product_id(), request.serial_number()});
    if (!instance) return ProductInstanceUnknown(request.product_id(), request.serial_number());
    filter.consumer_id = instance->lead_id;
  }
  return absl::OkStatus();
}

// The entries of a change were all recorded when it was: that is where they are looked for.
absl::Status AddMovement(pqxx::transaction_base& tx, int64_t movement_id, HistoryFilter& filter) {
  if (movement_id == 0) return absl::OkStatus();
  const std::optional<absl::Time> recorded = RecordingOf(tx, filter.smart_account_id, movement_id);
  if (!recorded.has_value()) return MovementUnknown(movement_id);
  filter.change_id = movement_id;
  filter.recorded_from = std::max(filter.recorded_from, *recorded);
  filter.before.recorded_at = std::min(filter.before.recorded_at, *recorded + absl::Microseconds(1));
  return absl::OkStatus();
}

absl::Status AddPage(const std::vector<std::string>& token, HistoryFilter& filter) {
  if (token.empty()) return absl::OkStatus();
  int64_t recorded_us = 0;
  if (token.size() != 3 || !absl::SimpleAtoi(token[0], &recorded_us) ||
      !absl::SimpleAtoi(token[1], &filter.before.change_id) ||
      !absl::SimpleAtoi(token[2], &filter.before.place)) {
    return FieldInvalid("page_token", "another call's", "what the last page answered");
  }
  filter.before.recorded_at = absl::FromUnixMicros(recorded_us);
  return absl::OkStatus();
}

std::string TokenOf(const HistoryPlace& last, uint64_t filter) {
  return ids::MakePageToken({absl::StrCat(absl::ToUnixMicros(last.recorded_at)), absl::StrCat(last.change_id),
                             absl::StrCat(last.place)},
                            filter);
}

std::string NameOf(const std::map<int64_t, std::string>& names, int64_t virtual_account_id) {
  const auto found = names.find(virtual_account_id);
  return found == names.end() ? "" : found->second;
}

void ToProto(const HistoryRow& row, const std::map<int64_t, std::string>& names, v1::HistoryEntry* out) {
  out->set_movement_id(row.at.change_id);
  out->set_place(row.at.place);
  out->set_kind(static_cast<v1::MovementKind>(row.kind));
  SetTime(row.at.recorded_at, out->mutable_recorded_at());
  SetTime(row.effective_at, out->mutable_effective_at());
  out->set_actor(row.actor);
  out->set_request_id(row.request_id);
  out->set_reverses_movement_id(row.reverses_change_id.value_or(0));
  out->set_tag(row.tag);
  out->set_quantity(row.quantity);
  out->set_from_state(static_cast<v1::EntryState>(row.from_state));
  out->set_from_virtual_account(NameOf(names, row.from_virtual_account_id));
  out->set_to_state(static_cast<v1::EntryState>(row.to_state));
  out->set_to_virtual_account(NameOf(names, row.to_virtual_account_id));
  out->set_entitlement_id(row.entitlement_id);
  if (row.consumer.has_value()) {
    out->mutable_udi()->set_product_id(row.consumer->product_id);
    out->mutable_udi()->set_serial_number(row.consumer->serial_number);
  }
  if (row.cause_change_id.has_value()) {
    out->set_report(absl::StrCat(*row.cause_change_id, "-", row.cause_place));
  }
}

}  // namespace

grpc::Status HistoryServiceImpl::ListHistory(grpc::ServerContext* context,
                                             const v1::ListHistoryRequest* request,
                                             v1::ListHistoryResponse* response) {
  return rpc::ToGrpc(api_.pool->Read("ledger_list_history", [&](pqxx::transaction_base& tx) -> absl::Status {
    response->Clear();
    ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, *context, request->smart_account()));
    const uint64_t token_filter = TokenFilter(account.id, *request);
    HistoryFilter filter{.smart_account_id = account.id, .kind = request->kind()};
    ASSIGN_OR_RETURN(filter.limit, ids::PageSize(request->page_size()));
    ASSIGN_OR_RETURN(const std::vector<std::string> token,
                     ids::ParsePageToken(request->page_token(), token_filter));
    RETURN_IF_ERROR(AddTimes(*request, filter));
    RETURN_IF_ERROR(AddNames(tx, *request, filter));
    RETURN_IF_ERROR(AddMovement(tx, request->movement_id(), filter));
    RETURN_IF_ERROR(AddPage(token, filter));

    const std::vector<HistoryRow> rows = ReadHistory(tx, filter);
    const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
    for (const HistoryRow& row : rows) ToProto(row, names, response->add_entries());
    if (static_cast<int>(rows.size()) == filter.limit) {
      response->set_next_page_token(TokenOf(rows.back().at, token_filter));
    }
    return absl::OkStatus();
  }));
}

}  // namespace quartermaster::ledger
