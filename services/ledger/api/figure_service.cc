#include "services/ledger/api/figure_service.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/consumption_order.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/authorized_query.h"
#include "services/ledger/storage/administration/figure_query.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

template <typename Request>
absl::StatusOr<FigureTimes> TimesOf(const Request& request, absl::Time now) {
  FigureTimes times{now, now};
  if (request.has_as_of()) {
    ASSIGN_OR_RETURN(times.as_of, TimeOf("as_of", request.as_of()));
  }
  if (request.has_known_at()) {
    ASSIGN_OR_RETURN(times.known_at, TimeOf("known_at", request.known_at()));
  }
  return times;
}

// A lot in a pool, with the part of the pool's consumption that it covers.
struct CoveredLot {
  LotFigure figure;
  CoveringLot cover;
};

// By Virtual Account, tag, and the order of consumption.
std::vector<CoveredLot> Cover(std::vector<LotFigure> figures, const std::map<RightsPool, int64_t>& consumed,
                              ConsumptionOrder order) {
  std::map<RightsPool, std::vector<CoveringLot>> pools;
  std::map<RightsPool, std::vector<LotFigure*>> figures_of;
  for (LotFigure& figure : figures) {
    const Lot& lot = figure.lot;
    const RightsPool pool{figure.virtual_account_id, lot.tag_id};
    pools[pool].push_back(
        {.rank = RankOf(order, lot.start_at, lot.end_at, lot.lot_id), .quantity = figure.entitled()});
    figures_of[pool].push_back(&figure);
  }
  std::vector<CoveredLot> covered;
  for (auto& [pool, lots] : pools) {
    const auto used = consumed.find(pool);
    AssignUse(lots, used == consumed.end() ? 0 : used->second);
    const std::vector<LotFigure*>& figures_here = figures_of.at(pool);
    for (size_t i = 0; i < lots.size(); ++i) covered.push_back({std::move(*figures_here[i]), lots[i]});
  }
  std::sort(covered.begin(), covered.end(), [](const CoveredLot& a, const CoveredLot& b) {
    return std::tie(a.figure.virtual_account_id, a.figure.tag, a.cover.rank) <
           std::tie(b.figure.virtual_account_id, b.figure.tag, b.cover.rank);
  });
  return covered;
}

v1::TermStatus StatusOf(LotStatus status) {
  switch (status) {
    case LotStatus::kPending:
      return v1::TERM_STATUS_PENDING;
    case LotStatus::kActive:
      return v1::TERM_STATUS_ACTIVE;
    case LotStatus::kExpired:
      return v1::TERM_STATUS_EXPIRED;
  }
  return v1::TERM_STATUS_UNSPECIFIED;
}

void ToProto(const CoveredLot& covered, const std::string& virtual_account, v1::EntitlementFigure* out) {
  const LotFigure& figure = covered.figure;
  out->set_entitlement_id(figure.entitlement_id);
  out->set_virtual_account(virtual_account);
  out->set_tag(figure.tag);
  out->set_term(static_cast<v1::Term>(figure.lot.term));
  SetTime(figure.lot.start_at, out->mutable_start_time());
  if (figure.lot.end_at != absl::InfiniteFuture()) SetTime(figure.lot.end_at, out->mutable_end_time());
  out->set_status(StatusOf(figure.status));
  out->set_available(figure.available);
  out->set_held(figure.held);
  out->set_reserved(figure.reserved);
  out->set_expired(figure.expired);
  out->set_consumed(covered.cover.consumed);
}

// A page token carries the times of the first page: a list is of one moment.
struct FigurePage {
  FigureTimes times;
  // Rows of pages before.
  size_t skip = 0;
};

absl::StatusOr<FigurePage> PageOf(const std::vector<std::string>& token, const FigureTimes& times) {
  FigurePage page{times};
  if (token.empty()) return page;
  int64_t as_of_us = 0, known_at_us = 0;
  if (token.size() != 3 || !absl::SimpleAtoi(token[0], &as_of_us) ||
      !absl::SimpleAtoi(token[1], &known_at_us) || !absl::SimpleAtoi(token[2], &page.skip)) {
    return FieldInvalid("page_token", "another call's", "what the last page answered");
  }
  page.times = {absl::FromUnixMicros(as_of_us), absl::FromUnixMicros(known_at_us)};
  return page;
}

std::string TokenOf(const FigurePage& page, uint64_t filter) {
  return ids::MakePageToken({absl::StrCat(absl::ToUnixMicros(page.times.as_of)),
                             absl::StrCat(absl::ToUnixMicros(page.times.known_at)), absl::StrCat(page.skip)},
                            filter);
}

}  // namespace

grpc::Status FigureServiceImpl::ListEntitlementFigures(grpc::ServerContext* context,
                                                       const v1::ListEntitlementFiguresRequest* request,
                                                       v1::ListEntitlementFiguresResponse* response) {
  const absl::Time now = api_.clock->Now();
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_entitlement_figures", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        RETURN_IF_ERROR(CheckText("tag", request->tag(), kTagBytesMax, true));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t token_filter = ids::FilterHash(
            {"ListEntitlementFigures", absl::StrCat(account.id), request->virtual_account(), request->tag(),
             request->as_of().ShortDebugString(), request->known_at().ShortDebugString()});
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const FigureTimes times, TimesOf(*request, now));
        ASSIGN_OR_RETURN(const std::vector<std::string> token,
                         ids::ParsePageToken(request->page_token(), token_filter));
        ASSIGN_OR_RETURN(FigurePage page, PageOf(token, times));

        LotFigureFilter filter{.smart_account_id = account.id, .tag = request->tag()};
        if (!request->virtual_account().empty()) {
          ASSIGN_OR_RETURN(const VirtualAccount home,
                           FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
          filter.virtual_account_id = home.id;
        }
        // Consumed is what is reported, and what is authorised beyond it.
        std::map<RightsPool, int64_t> consumed = ReadUse(tx, filter, page.times);
        for (const auto& [pool, quantity] : ReadAuthorizedBeyondUse(tx, account.id, page.times)) {
          consumed[pool] += quantity;
        }
        const std::vector<CoveredLot> lots =
            Cover(ReadLotFigures(tx, filter, page.times), consumed, ReadConsumptionOrder(tx, account.id));

        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        const size_t end = std::min(lots.size(), page.skip + static_cast<size_t>(size));
        for (size_t i = page.skip; i < end; ++i) {
          ToProto(lots[i], names.at(lots[i].figure.virtual_account_id), response->add_entitlements());
        }
        SetTime(page.times.as_of, response->mutable_as_of());
        SetTime(page.times.known_at, response->mutable_known_at());
        page.skip = end;
        if (end < lots.size()) response->set_next_page_token(TokenOf(page, token_filter));
        return absl::OkStatus();
      }));
}

grpc::Status FigureServiceImpl::GetUsageFigures(grpc::ServerContext* context,
                                                const v1::GetUsageFiguresRequest* request,
                                                v1::GetUsageFiguresResponse* response) {
  const absl::Time now = api_.clock->Now();
  return rpc::ToGrpc(
      api_.pool->Read("ledger_get_usage_figures", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        RETURN_IF_ERROR(CheckText("product_id", request->product_id(), kIdBytesMax));
        RETURN_IF_ERROR(CheckText("serial_number", request->serial_number(), kIdBytesMax));
        ASSIGN_OR_RETURN(const FigureTimes times, TimesOf(*request, now));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const auto instance = FindInstance(tx, account.id, {request->product_id(), request->serial_number()});
        if (!instance) return ProductInstanceUnknown(request->product_id(), request->serial_number());
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        for (const UseFigure& figure : ReadUseOfConsumer(tx, account.id, instance->lead_id, times)) {
          v1::UsageFigure& out = *response->add_usage();
          out.set_virtual_account(names.at(figure.virtual_account_id));
          out.set_tag(figure.tag);
          out.set_display_name(figure.display_name);
          out.set_in_use(figure.in_use);
        }
        SetTime(times.as_of, response->mutable_as_of());
        SetTime(times.known_at, response->mutable_known_at());
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
