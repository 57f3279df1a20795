#include "services/ledger/api/id_token_service.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/id_token.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/id_token_book.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kDescriptionBytesMax = 1024;

v1::IdToken::State ToProto(IdTokenState state) {
  switch (state) {
    case IdTokenState::kActive:
      return v1::IdToken::STATE_ACTIVE;
    case IdTokenState::kExpired:
      return v1::IdToken::STATE_EXPIRED;
    case IdTokenState::kUsedUp:
      return v1::IdToken::STATE_USED_UP;
    case IdTokenState::kRevoked:
      return v1::IdToken::STATE_REVOKED;
  }
  return v1::IdToken::STATE_UNSPECIFIED;
}

void ToProto(const IdToken& token, const std::string& virtual_account, absl::Time now, v1::IdToken* out) {
  out->set_id_token_id(token.id);
  out->set_virtual_account(virtual_account);
  out->set_description(token.description);
  out->set_export_controlled(token.export_controlled);
  out->set_uses_max(token.uses_max.value_or(0));
  out->set_uses(token.uses);
  SetTime(token.created_at, out->mutable_created_at());
  SetTime(token.expires_at, out->mutable_expires_at());
  if (token.revoked_at.has_value()) SetTime(*token.revoked_at, out->mutable_revoked_at());
  out->set_state(ToProto(StateOf(token, now)));
}

std::string AuditOf(const IdToken& token, const std::string& virtual_account) {
  return absl::StrCat("{\"id_token_id\":", token.id, ",\"virtual_account\":", JsonString(virtual_account),
                      ",\"description\":", JsonString(token.description),
                      ",\"export_controlled\":", token.export_controlled ? "true" : "false",
                      ",\"uses_max\":", token.uses_max.value_or(0), ",\"expires_at\":",
                      JsonString(absl::FormatTime(absl::RFC3339_sec, token.expires_at, absl::UTCTimeZone())),
                      ",\"revoked\":", token.revoked_at.has_value() ? "true" : "false", "}");
}

// Binds the envelope to its row: one that was moved to another row does not open.
std::string EnvelopeContext(const std::string& digest) {
  return absl::StrCat("id_token/", absl::BytesToHexString(digest));
}

absl::StatusOr<SealedValue> Seal(const crypto::KeyEncryptionKey& key, const std::string& value) {
  SealedValue sealed;
  sealed.digest = IdTokenDigest(value);
  ASSIGN_OR_RETURN(sealed.envelope, key.Encrypt(value, EnvelopeContext(sealed.digest)));
  return sealed;
}

absl::Status CheckFields(const v1::CreateIdTokenRequest& request) {
  RETURN_IF_ERROR(CheckText("description", request.description(), kDescriptionBytesMax, true));
  if (request.expires_after_days() < 1 || request.expires_after_days() > kIdTokenDaysMax) {
    return FieldInvalid("expires_after_days", absl::StrCat(request.expires_after_days()),
                        absl::StrCat("1 to ", kIdTokenDaysMax));
  }
  if (request.uses_max() < 0 || request.uses_max() > kIdTokenUsesMax) {
    return FieldInvalid("uses_max", absl::StrCat(request.uses_max()),
                        absl::StrCat("1 to ", kIdTokenUsesMax, ", or 0 for any number"));
  }
  return absl::OkStatus();
}

// The named one, else the default one.
absl::StatusOr<VirtualAccount> HomeNamed(pqxx::transaction_base& tx, int64_t smart_account_id,
                                         const std::string& name) {
  if (!name.empty()) return FindVirtualAccount(tx, smart_account_id, name, "virtual_account");
  for (const VirtualAccount& account :
       ListVirtualAccounts(tx, smart_account_id, 0, std::numeric_limits<int>::max(), /*show_closed=*/false)) {
    if (account.is_default) return account;
  }
  return VirtualAccountUnknown("virtual_account", name);
}

// Keyset: the id of the last row, downwards.
absl::StatusOr<int64_t> BeforeId(const std::string& token, uint64_t filter) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, ids::ParsePageToken(token, filter));
  int64_t id = std::numeric_limits<int64_t>::max();
  if (!keys.empty() && !absl::SimpleAtoi(keys[0], &id)) {
    return FieldInvalid("page_token", token, "one of this list");
  }
  return id;
}

}  // namespace

grpc::Status IdTokenServiceImpl::CreateIdToken(grpc::ServerContext* context,
                                               const v1::CreateIdTokenRequest* request,
                                               v1::CreateIdTokenResponse* response) {
  // The answer that is kept has no value: it is read from the token's own row, the first time as well.
  const grpc::Status made = IdempotentWrite(
      api_, *context, "ledger.v1.IdTokenService/CreateIdToken", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckFields(*request));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        ASSIGN_OR_RETURN(const VirtualAccount home, HomeNamed(tx, account.id, request->virtual_account()));
        IdToken token;
        token.smart_account_id = account.id;
        token.virtual_account_id = home.id;
        token.description = request->description();
        token.export_controlled = request->export_controlled();
        if (request->uses_max() > 0) token.uses_max = request->uses_max();
        token.created_at = act.now;
        token.expires_at = act.now + request->expires_after_days() * absl::Hours(24);
        ASSIGN_OR_RETURN(const SealedValue value, Seal(key_encryption_key_, NewIdTokenValue()));
        token.id = InsertIdToken(tx, token, value);
        WriteAudit(tx, account.id, act, "", AuditOf(token, home.name));
        ToProto(token, home.name, act.now, response->mutable_id_token());
        return absl::OkStatus();
      });
  if (!made.ok()) return made;
  return rpc::ToGrpc(ShowValue(*context, request->smart_account(), *response));
}

absl::Status IdTokenServiceImpl::ShowValue(const grpc::ServerContext& context,
                                           const std::string& smart_account,
                                           v1::CreateIdTokenResponse& response) {
  ASSIGN_OR_RETURN(
      const SealedValue sealed,
      api_.pool->Read(
          "ledger_read_id_token_value", [&](pqxx::transaction_base& tx) -> absl::StatusOr<SealedValue> {
            ASSIGN_OR_RETURN(const SmartAccount account, SmartAccountOfCall(tx, context, smart_account));
            const auto value = ReadIdTokenValue(tx, account.id, response.id_token().id_token_id());
            if (!value.has_value()) return IdTokenUnknown();
            return *value;
          }));
  ASSIGN_OR_RETURN(*response.mutable_value(),
                   key_encryption_key_.Decrypt(sealed.envelope, EnvelopeContext(sealed.digest)));
  return absl::OkStatus();
}

grpc::Status IdTokenServiceImpl::ListIdTokens(grpc::ServerContext* context,
                                              const v1::ListIdTokensRequest* request,
                                              v1::ListIdTokensResponse* response) {
  const absl::Time now = api_.clock->Now();
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_id_tokens", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        std::optional<int64_t> home;
        if (!request->virtual_account().empty()) {
          ASSIGN_OR_RETURN(const VirtualAccount named,
                           FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
          home = named.id;
        }
        const uint64_t filter =
            ids::FilterHash({"ListIdTokens", absl::StrCat(account.id), absl::StrCat(home.value_or(0))});
        ASSIGN_OR_RETURN(const int size, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const int64_t before, BeforeId(request->page_token(), filter));

        const std::vector<IdToken> tokens = ledger::ListIdTokens(tx, account.id, home, before, size);
        const std::map<int64_t, std::string> names = VirtualAccountNames(tx, account.id);
        for (const IdToken& token : tokens) {
          ToProto(token, names.at(token.virtual_account_id), now, response->add_id_tokens());
        }
        if (static_cast<int>(tokens.size()) == size) {
          response->set_next_page_token(ids::MakePageToken({absl::StrCat(tokens.back().id)}, filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status IdTokenServiceImpl::RevokeIdToken(grpc::ServerContext* context,
                                               const v1::RevokeIdTokenRequest* request,
                                               v1::IdToken* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.IdTokenService/RevokeIdToken", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const std::optional<IdToken> before = FindIdToken(tx, account.id, request->id_token_id());
        if (!before.has_value()) return IdTokenUnknown();

        MarkIdTokenRevoked(tx, account.id, before->id, act.now);
        const IdToken after = *FindIdToken(tx, account.id, before->id);
        const std::string home = VirtualAccountNames(tx, account.id).at(after.virtual_account_id);
        if (!before->revoked_at.has_value()) {
          WriteAudit(tx, account.id, act, AuditOf(*before, home), AuditOf(after, home));
        }
        ToProto(after, home, act.now, response);
        return absl::OkStatus();
      });
}

grpc::Status IdTokenServiceImpl::ForgetRedemption(grpc::ServerContext* context,
                                                  const v1::ForgetRedemptionRequest* request,
                                                  v1::ForgetRedemptionResponse* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.IdTokenService/ForgetRedemption", *request, request->request_id(), response,
      [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("udi.product_id", request->udi().product_id(), kUdiBytesMax));
        RETURN_IF_ERROR(CheckText("udi.serial_number", request->udi().serial_number(), kUdiBytesMax));
        // A closed account lets go too.
        ASSIGN_OR_RETURN(const std::string named,
                         rpc::AccountOfCall(rpc::ReadCaller(*context), request->smart_account()));
        ASSIGN_OR_RETURN(const SmartAccount account, FindSmartAccount(tx, named));
        const UdiText udi{request->udi().product_id(), request->udi().serial_number()};
        LockRedeemingUdis(tx, {{udi, ""}});
        const std::vector<int64_t> forgotten = ForgetRedemptions(tx, account.id, udi);
        if (!forgotten.empty()) {
          WriteAudit(tx, account.id, act,
                     absl::StrCat("{\"redeemed_by\":", JsonString(udi.product_id + ":" + udi.serial_number),
                                  ",\"id_tokens\":[", absl::StrJoin(forgotten, ","), "]}"),
                     "");
        }
        response->set_id_tokens(static_cast<int32_t>(forgotten.size()));
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
