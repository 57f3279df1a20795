#include "services/ledger/api/entitlement_service.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/row_errors.h"
#include "services/ledger/domain/landing_rules.h"
#include "services/ledger/storage/administration/entitlement_book.h"
#include "services/ledger/storage/administration/landing_rule_book.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

using IdsByName = std::map<std::string, int64_t>;

// Ids of the Virtual Accounts that the rows name.
IdsByName IdsOf(pqxx::transaction_base& tx, int64_t smart_account_id,
                const v1::ImportEntitlementsRequest& request) {
  std::set<std::string> names;
  for (const v1::Entitlement& row : request.entitlements()) {
    if (CheckText("", row.virtual_account(), kIdBytesMax).ok()) names.insert(row.virtual_account());
  }
  return VirtualAccountIds(tx, smart_account_id, names);
}

// Where rows land.
class Landing {
 public:
  Landing(pqxx::transaction_base& tx, int64_t smart_account_id, const v1::ImportEntitlementsRequest& request)
      : named_(IdsOf(tx, smart_account_id, request)), names_(VirtualAccountNames(tx, smart_account_id)) {
    std::set<std::string> order_ids, tags;
    for (const v1::Entitlement& row : request.entitlements()) {
      if (!row.virtual_account().empty()) continue;
      if (CheckText("", row.order_id(), kIdBytesMax).ok()) order_ids.insert(row.order_id());
      if (CheckText("", row.tag(), kTagBytesMax).ok()) tags.insert(row.tag());
    }
    if (tags.empty()) return;
    rules_ = ReadLandingRules(tx, smart_account_id, {order_ids.begin(), order_ids.end()},
                              {tags.begin(), tags.end()});
    default_ = DefaultVirtualAccount(tx, smart_account_id);
  }

  // In the Virtual Account that the row names, else where the rules say, else in the default one.
  // `booked_in`: where a row of its id is booked, which may name that one although it is closed; 0 = nowhere.
  absl::StatusOr<int64_t> VirtualAccountOf(const v1::Entitlement& row, int64_t booked_in) const {
    if (row.virtual_account().empty()) {
      return rules_.VirtualAccountFor(row.order_id(), row.tag()).value_or(default_);
    }
    if (const auto booked = names_.find(booked_in);
        booked != names_.end() && absl::EqualsIgnoreCase(booked->second, row.virtual_account())) {
      return booked_in;
    }
    const auto found = named_.find(row.virtual_account());
    if (found == named_.end()) return VirtualAccountUnknown("virtual_account", row.virtual_account());
    return found->second;
  }

 private:
  const IdsByName named_;
  // Closed ones too.
  const std::map<int64_t, std::string> names_;
  LandingRules rules_;
  int64_t default_ = 0;
};

absl::StatusOr<PurchasedEntitlement> FromProto(const v1::Entitlement& row, const Landing& landing,
                                               int64_t booked_in) {
  RETURN_IF_ERROR(CheckText("entitlement_id", row.entitlement_id(), kIdBytesMax));
  RETURN_IF_ERROR(CheckText("virtual_account", row.virtual_account(), kIdBytesMax, true));
  RETURN_IF_ERROR(CheckText("tag", row.tag(), kTagBytesMax));
  RETURN_IF_ERROR(CheckText("subscription_id", row.subscription_id(), kIdBytesMax, true));
  RETURN_IF_ERROR(CheckText("order_id", row.order_id(), kIdBytesMax, true));
  if (row.quantity() < 1 || row.quantity() > kQuantityMax) {
    return QuantityOutOfRange("quantity", row.quantity(), 1, kQuantityMax);
  }
  if (row.overage_quantity() < 0 || row.overage_quantity() > kQuantityMax) {
    return QuantityOutOfRange("overage_quantity", row.overage_quantity(), 0, kQuantityMax);
  }
  PurchasedEntitlement purchase;
  ASSIGN_OR_RETURN(purchase.virtual_account_id, landing.VirtualAccountOf(row, booked_in));
  if (!row.has_start_time()) return FieldMissing("start_time", "a time");
  ASSIGN_OR_RETURN(purchase.start_at, TimeOf("start_time", row.start_time()));
  if (row.has_end_time()) {
    ASSIGN_OR_RETURN(purchase.end_at, TimeOf("end_time", row.end_time()));
    if (*purchase.end_at <= purchase.start_at) {
      return TermEndsBeforeStart(absl::FormatTime(*purchase.end_at, absl::UTCTimeZone()),
                                 absl::FormatTime(purchase.start_at, absl::UTCTimeZone()));
    }
  }
  const bool perpetual =
      row.term() == v1::TERM_PERPETUAL || (row.term() == v1::TERM_UNSPECIFIED && !purchase.end_at);
  if (perpetual && purchase.end_at) return FieldInvalid("end_time", "a time", "none for a perpetual right");
  if (!perpetual && !purchase.end_at) return FieldMissing("end_time", "a time for a subscription");
  purchase.entitlement_id = row.entitlement_id();
  purchase.tag = row.tag();
  purchase.quantity = row.quantity();
  purchase.overage_quantity = row.overage_quantity();
  purchase.term = perpetual ? v1::TERM_PERPETUAL : v1::TERM_SUBSCRIPTION;
  purchase.subscription_id = row.subscription_id();
  purchase.order_id = row.order_id();
  return purchase;
}

absl::Status Conflict(const PurchasedEntitlement& got, const char* field, const std::string& value,
                      const std::string& booked) {
  return EntitlementConflict(got.entitlement_id, field, value, booked);
}

std::string Text(const std::optional<absl::Time>& time) {
  return time ? absl::FormatTime(*time, absl::UTCTimeZone()) : "none";
}

// OK when `got` is what is booked already. Who names no Virtual Account takes the one in which it landed
// then.
absl::Status CheckSame(const PurchasedEntitlement& got, bool names_virtual_account,
                       const PurchasedEntitlement& booked) {
  if (names_virtual_account && got.virtual_account_id != booked.virtual_account_id) {
    return Conflict(got, "virtual_account", absl::StrCat("account ", got.virtual_account_id),
                    absl::StrCat("account ", booked.virtual_account_id));
  }
  if (got.tag != booked.tag) return Conflict(got, "tag", got.tag, booked.tag);
  if (got.quantity != booked.quantity) {
    return Conflict(got, "quantity", absl::StrCat(got.quantity), absl::StrCat(booked.quantity));
  }
  if (got.overage_quantity != booked.overage_quantity) {
    return Conflict(got, "overage_quantity", absl::StrCat(got.overage_quantity),
                    absl::StrCat(booked.overage_quantity));
  }
  if (got.start_at != booked.start_at)
    return Conflict(got, "start_time", Text(got.start_at), Text(booked.start_at));
  if (got.end_at != booked.end_at) return Conflict(got, "end_time", Text(got.end_at), Text(booked.end_at));
  if (got.subscription_id != booked.subscription_id) {
    return Conflict(got, "subscription_id", got.subscription_id, booked.subscription_id);
  }
  if (got.order_id != booked.order_id) return Conflict(got, "order_id", got.order_id, booked.order_id);
  return absl::OkStatus();
}

void ToProto(const PurchasedEntitlement& entitlement, const std::string& virtual_account,
             v1::Entitlement* out) {
  out->set_entitlement_id(entitlement.entitlement_id);
  out->set_virtual_account(virtual_account);
  out->set_tag(entitlement.tag);
  out->set_quantity(entitlement.quantity);
  out->set_overage_quantity(entitlement.overage_quantity);
  out->set_term(static_cast<v1::Term>(entitlement.term));
  SetTime(entitlement.start_at, out->mutable_start_time());
  if (entitlement.end_at) SetTime(*entitlement.end_at, out->mutable_end_time());
  out->set_subscription_id(entitlement.subscription_id);
  out->set_order_id(entitlement.order_id);
}

}  // namespace

grpc::Status EntitlementServiceImpl::ImportEntitlements(grpc::ServerContext* context,
                                                        const v1::ImportEntitlementsRequest* request,
                                                        v1::ImportResponse* response) {
  if (auto status = CheckRowCount("entitlements", request->entitlements_size()); !status.ok()) {
    return rpc::ToGrpc(status);
  }
  return IdempotentWrite(
      api_, *context, "ledger.v1.EntitlementService/ImportEntitlements", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        // Before the names: who closes a Virtual Account holds it too.
        RETURN_IF_ERROR(LockOpenRights(tx, account.id).status());
        const Landing landing(tx, account.id, *request);
        std::vector<std::string> entitlement_ids;
        for (const v1::Entitlement& row : request->entitlements()) {
          if (CheckText("entitlement_id", row.entitlement_id(), kIdBytesMax).ok()) {
            entitlement_ids.push_back(row.entitlement_id());
          }
        }
        // Booked before, or by a row of this request.
        std::map<std::string, PurchasedEntitlement> booked =
            FindEntitlements(tx, account.id, entitlement_ids);
        std::vector<PurchasedEntitlement> purchases;
        for (int i = 0; i < request->entitlements_size(); ++i) {
          const v1::Entitlement& row = request->entitlements(i);
          const auto before = booked.find(row.entitlement_id());
          absl::StatusOr<PurchasedEntitlement> purchase =
              FromProto(row, landing, before == booked.end() ? 0 : before->second.virtual_account_id);
          absl::Status status = purchase.status();
          if (status.ok()) {
            const auto [found, is_new] = booked.emplace(purchase->entitlement_id, *purchase);
            if (is_new) {
              purchases.push_back(*std::move(purchase));
              continue;
            }
            status = CheckSame(*purchase, !row.virtual_account().empty(), found->second);
          }
          if (status.ok())
            response->set_unchanged(response->unchanged() + 1);
          else
            AddRowError(i + 1, status, response);
        }
        if (purchases.empty()) return absl::OkStatus();
        BookPurchases(tx, account.id, purchases, act);
        response->set_added(static_cast<int64_t>(purchases.size()));
        WriteAudit(tx, account.id, act, "", absl::StrCat("{\"purchases\":", purchases.size(), "}"));
        return absl::OkStatus();
      });
}

grpc::Status EntitlementServiceImpl::ListEntitlements(grpc::ServerContext* context,
                                                      const v1::ListEntitlementsRequest* request,
                                                      v1::ListEntitlementsResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_entitlements", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const uint64_t token_filter = ids::FilterHash(
            {"ListEntitlements", absl::StrCat(account.id), request->virtual_account(), request->tag()});
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), token_filter));
        EntitlementFilter filter{account.id, std::nullopt, request->tag(), after.empty() ? "" : after[0],
                                 size};
        if (!request->virtual_account().empty()) {
          ASSIGN_OR_RETURN(const VirtualAccount home,
                           FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
          filter.virtual_account_id = home.id;
        }
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        const auto entitlements = ledger::ListEntitlements(tx, filter);
        for (const PurchasedEntitlement& entitlement : entitlements) {
          ToProto(entitlement, names.at(entitlement.virtual_account_id), response->add_entitlements());
        }
        if (static_cast<int>(entitlements.size()) == size) {
          response->set_next_page_token(
              ids::MakePageToken({entitlements.back().entitlement_id}, token_filter));
        }
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
