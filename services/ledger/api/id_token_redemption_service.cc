#include "services/ledger/api/id_token_redemption_service.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/id_token.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/id_token_book.h"
#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {
namespace {

constexpr char kMethod[] = "ledger.v1.IdTokenRedemptionService/RedeemIdToken";

absl::StatusOr<std::vector<RedeemingMember>> MembersOf(const v1::RedeemIdTokenRequest& request) {
  if (request.members_size() < 1 || request.members_size() > kRedeemingMembersMax) {
    return FieldInvalid("members", absl::StrCat(request.members_size()),
                        absl::StrCat("1 to ", kRedeemingMembersMax));
  }
  std::vector<RedeemingMember> members;
  std::set<UdiText> udis;
  for (const auto& member : request.members()) {
    RETURN_IF_ERROR(CheckText("members.udi.product_id", member.udi().product_id(), kIdBytesMax));
    RETURN_IF_ERROR(CheckText("members.udi.serial_number", member.udi().serial_number(), kIdBytesMax));
    RETURN_IF_ERROR(CheckText("members.key_id", member.key_id(), kIdBytesMax));
    UdiText udi{member.udi().product_id(), member.udi().serial_number()};
    if (!udis.insert(udi).second) return FieldInvalid("members.udi", "one UDI twice", "each once");
    members.push_back({std::move(udi), member.key_id()});
  }
  return members;
}

// A token of another account than the caller's is no token that it may know of.
absl::Status CheckAccount(pqxx::transaction_base& tx, const std::string& named, const IdToken& token) {
  if (named.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const SmartAccount account, FindSmartAccount(tx, named));
  return account.id == token.smart_account_id ? absl::OkStatus() : IdTokenUnknown();
}

absl::Status CheckOpen(pqxx::transaction_base& tx, const IdToken& token) {
  if (const auto domain = ClosedDomainOf(tx, token.smart_account_id)) return SmartAccountClosed(*domain);
  return absl::OkStatus();
}

absl::Status CheckUdis(pqxx::transaction_base& tx, const IdToken& token,
                       const std::vector<RedeemingMember>& members) {
  std::vector<UdiText> udis;
  for (const RedeemingMember& member : members) udis.push_back(member.udi);
  for (const auto& [udi, known] : FindKnownInstances(tx, token.smart_account_id, udis)) {
    if (known.smart_account_id != token.smart_account_id) {
      return ProductInstanceElsewhere(udi.product_id, udi.serial_number);
    }
  }
  if (const auto udi = EnrolledElsewhere(tx, token.smart_account_id, members); udi.has_value()) {
    return ProductInstanceElsewhere(udi->product_id, udi->serial_number);
  }
  return absl::OkStatus();
}

// Those that take a use. `ledger.id_token_redeemed` for one that redeemed it for another key.
absl::StatusOr<std::vector<RedeemingMember>> NewMembers(pqxx::transaction_base& tx, const IdToken& token,
                                                        const std::vector<RedeemingMember>& members) {
  const std::map<UdiText, std::string> before = FindRedemptions(tx, token, members);
  std::vector<RedeemingMember> fresh;
  for (const RedeemingMember& member : members) {
    const auto known = before.find(member.udi);
    if (known == before.end()) {
      fresh.push_back(member);
    } else if (known->second != member.key_id) {
      return IdTokenRedeemed(member.udi.product_id, member.udi.serial_number);
    }
  }
  return fresh;
}

std::string AuditOf(const IdToken& token, const std::vector<RedeemingMember>& members) {
  std::string list;
  for (const RedeemingMember& member : members) {
    absl::StrAppend(&list, list.empty() ? "" : ",",
                    JsonString(member.udi.product_id + ":" + member.udi.serial_number));
  }
  return absl::StrCat("{\"id_token_id\":", token.id, ",\"redeemed_by\":[", list, "]}");
}

}  // namespace

grpc::Status IdTokenRedemptionServiceImpl::RedeemIdToken(grpc::ServerContext* context,
                                                         const v1::RedeemIdTokenRequest* request,
                                                         v1::RedeemIdTokenResponse* response) {
  const Act act{rpc::ReadCaller(*context).actor, std::string(rpc::RequestId(*context)), kMethod,
                clock_.Now()};
  return rpc::ToGrpc(
      pool_.Transact("ledger_redeem_id_token", [&](pqxx::transaction_base& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<RedeemingMember> members, MembersOf(*request));
        if (!IsIdTokenValue(request->value())) return IdTokenUnknown();
        const std::optional<IdToken> token = LockIdTokenByDigest(tx, IdTokenDigest(request->value()));
        if (!token.has_value()) return IdTokenUnknown();
        RETURN_IF_ERROR(CheckAccount(tx, request->smart_account(), *token));
        RETURN_IF_ERROR(CheckOpen(tx, *token));
        LockRedeemingUdis(tx, members);
        RETURN_IF_ERROR(CheckUdis(tx, *token, members));

        ASSIGN_OR_RETURN(const std::vector<RedeemingMember> fresh, NewMembers(tx, *token, members));
        RETURN_IF_ERROR(CheckRedemption(*token, {.new_members = static_cast<int32_t>(fresh.size()),
                                                 .export_controlled = request->export_controlled(),
                                                 .now = act.now}));
        InsertRedemptions(tx, *token, fresh, act.now);
        PlaceInventory(tx, *token, fresh, act.now);
        if (!fresh.empty()) WriteAudit(tx, token->smart_account_id, act, "", AuditOf(*token, fresh));
        response->set_smart_account_id(token->smart_account_id);
        response->set_id_token_id(token->id);
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
