#include "services/ledger/storage/administration/id_token_book.h"

#include <algorithm>

#include "services/ledger/storage/administration/product_instance_query.h"
#include "services/ledger/storage/administration/rights_store.h"
#include "services/ledger/storage/administration/sql_values.h"

namespace quartermaster::ledger {
namespace {

#define ID_TOKEN_COLUMNS                                                                               \
  "id_token_id, smart_account_id, virtual_account_id, description, export_controlled, uses_max, uses," \
  " (extract(epoch FROM created_at) * 1000000)::bigint,"                                               \
  " (extract(epoch FROM expires_at) * 1000000)::bigint,"                                               \
  " (extract(epoch FROM revoked_at) * 1000000)::bigint"

constexpr char kInsertIdToken[] =
    "INSERT INTO id_tokens (smart_account_id, virtual_account_id, value_digest, encrypted_value, description,"
    " export_controlled, uses_max, created_at, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz, $9::timestamptz) RETURNING id_token_id";
constexpr char kFindIdToken[] =
    "SELECT " ID_TOKEN_COLUMNS " FROM id_tokens WHERE smart_account_id = $1 AND id_token_id = $2";
constexpr char kReadValue[] =
    "SELECT value_digest, encrypted_value FROM id_tokens WHERE smart_account_id = $1 AND id_token_id = $2";
constexpr char kListIdTokens[] =
    "SELECT " ID_TOKEN_COLUMNS
    " FROM id_tokens WHERE smart_account_id = $1 AND id_token_id < $2"
    " AND ($3::bigint IS NULL OR virtual_account_id = $3) ORDER BY id_token_id DESC LIMIT $4";
constexpr char kRevokeIdToken[] =
    "UPDATE id_tokens SET revoked_at = $3::timestamptz"
    " WHERE smart_account_id = $1 AND id_token_id = $2 AND revoked_at IS NULL";
constexpr char kLockByDigest[] =
    "SELECT " ID_TOKEN_COLUMNS " FROM id_tokens WHERE value_digest = $1 FOR UPDATE";
// ledger_lock_redeeming_udis: by text, so that two requests with the same UDIs take them in one order.
constexpr char kLockUdi[] =
    "SELECT pg_advisory_xact_lock(hashtext('id_token_udi'), hashtext($1 || ' ' || $2))";
constexpr char kFindRedemptions[] =
    "SELECT r.udi_pid, r.udi_sn, r.key_id FROM unnest($3::text[], $4::text[]) AS u (pid, sn)"
    " JOIN id_token_redemptions r ON r.smart_account_id = $1 AND r.id_token_id = $2"
    "  AND r.udi_pid = u.pid AND r.udi_sn = u.sn";
constexpr char kFindElsewhere[] =
    "SELECT u.pid, u.sn FROM unnest($2::text[], $3::text[]) AS u (pid, sn)"
    " WHERE EXISTS (SELECT FROM id_token_redemptions r"
    "   WHERE r.udi_pid = u.pid AND r.udi_sn = u.sn AND r.smart_account_id <> $1)"
    "  OR EXISTS (SELECT FROM authority_v1_enrolled e"
    "   WHERE e.udi_pid = u.pid AND e.udi_sn = u.sn AND e.smart_account_id <> $1) LIMIT 1";
constexpr char kForgetRedemptions[] =
    "DELETE FROM id_token_redemptions WHERE smart_account_id = $1 AND udi_pid = $2 AND udi_sn = $3"
    " RETURNING id_token_id";
constexpr char kInsertRedemptions[] =
    "INSERT INTO id_token_redemptions (smart_account_id, id_token_id, udi_pid, udi_sn, key_id, redeemed_at)"
    " SELECT $1, $2, u.pid, u.sn, u.key_id, $6::timestamptz"
    " FROM unnest($3::text[], $4::text[], $5::text[]) AS u (pid, sn, key_id)";
constexpr char kCountUses[] =
    "UPDATE id_tokens SET uses = uses + $3 WHERE smart_account_id = $1 AND id_token_id = $2";

// Nothing goes to a closed Virtual Account, and who has an authorization stays where its rights lie.
#define ONLY_INVENTORY                                                          \
  " WHERE p.smart_account_id = $1 AND p.udi_pid = u.pid AND p.udi_sn = u.sn"    \
  " AND p.first_contact_at IS NULL AND p.virtual_account_id <> $2"              \
  " AND EXISTS (SELECT FROM virtual_accounts v WHERE v.smart_account_id = $1"   \
  "   AND v.virtual_account_id = $2 AND v.closed_at IS NULL)"                   \
  " AND NOT EXISTS (SELECT FROM authorizations a WHERE a.smart_account_id = $1" \
  "   AND a.product_instance_id = p.product_instance_id AND a.state BETWEEN 1 AND 5)"
constexpr char kFindInventory[] =
    "SELECT 1 FROM product_instances p, unnest($3::text[], $4::text[]) AS u (pid, sn)" ONLY_INVENTORY
    " LIMIT 1";
constexpr char kPlaceInventory[] =
    "UPDATE product_instances p SET virtual_account_id = $2"
    " FROM unnest($3::text[], $4::text[]) AS u (pid, sn)" ONLY_INVENTORY;

IdToken TokenOf(const pqxx::row& row) {
  IdToken token;
  token.id = row[0].as<int64_t>();
  token.smart_account_id = row[1].as<int64_t>();
  token.virtual_account_id = row[2].as<int64_t>();
  token.description = row[3].as<std::string>();
  token.export_controlled = row[4].as<bool>();
  if (!row[5].is_null()) token.uses_max = row[5].as<int32_t>();
  token.uses = row[6].as<int32_t>();
  token.created_at = MicrosAt(row[7]);
  token.expires_at = MicrosAt(row[8]);
  token.revoked_at = OptionalMicrosAt(row[9]);
  return token;
}

std::optional<IdToken> OneOf(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return TokenOf(rows[0]);
}

struct MemberArrays {
  explicit MemberArrays(const std::vector<RedeemingMember>& members) {
    std::vector<std::string> pid_list, sn_list, key_list;
    for (const RedeemingMember& member : members) {
      pid_list.push_back(member.udi.product_id);
      sn_list.push_back(member.udi.serial_number);
      key_list.push_back(member.key_id);
    }
    pids = TextArray(pid_list);
    sns = TextArray(sn_list);
    key_ids = TextArray(key_list);
  }
  std::string pids, sns, key_ids;
};

}  // namespace

int64_t InsertIdToken(pqxx::transaction_base& transaction, const IdToken& token, const SealedValue& value) {
  return transaction
      .exec_params1(kInsertIdToken, token.smart_account_id, token.virtual_account_id,
                    pqxx::binarystring(value.digest), pqxx::binarystring(value.envelope), token.description,
                    token.export_controlled, token.uses_max, TimeText(token.created_at),
                    TimeText(token.expires_at))[0]
      .as<int64_t>();
}

std::optional<IdToken> FindIdToken(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                   int64_t id) {
  return OneOf(transaction.exec_params(kFindIdToken, smart_account_id, id));
}

std::optional<SealedValue> ReadIdTokenValue(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                            int64_t id) {
  const pqxx::result rows = transaction.exec_params(kReadValue, smart_account_id, id);
  if (rows.empty()) return std::nullopt;
  return SealedValue{pqxx::binarystring(rows[0][0]).str(), pqxx::binarystring(rows[0][1]).str()};
}

std::vector<IdToken> ListIdTokens(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                  std::optional<int64_t> virtual_account_id, int64_t before_id, int limit) {
  std::vector<IdToken> tokens;
  for (const auto& row :
       transaction.exec_params(kListIdTokens, smart_account_id, before_id, virtual_account_id, limit)) {
    tokens.push_back(TokenOf(row));
  }
  return tokens;
}

void MarkIdTokenRevoked(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t id,
                        absl::Time now) {
  transaction.exec_params(kRevokeIdToken, smart_account_id, id, TimeText(now));
}

std::optional<IdToken> LockIdTokenByDigest(pqxx::transaction_base& transaction, const std::string& digest) {
  return OneOf(transaction.exec_params(kLockByDigest, pqxx::binarystring(digest)));
}

void LockRedeemingUdis(pqxx::transaction_base& transaction, const std::vector<RedeemingMember>& members) {
  std::vector<UdiText> udis;
  for (const RedeemingMember& member : members) udis.push_back(member.udi);
  std::sort(udis.begin(), udis.end());
  for (const UdiText& udi : udis) transaction.exec_params(kLockUdi, udi.product_id, udi.serial_number);
}

std::map<UdiText, std::string> FindRedemptions(pqxx::transaction_base& transaction, const IdToken& token,
                                               const std::vector<RedeemingMember>& members) {
  const MemberArrays arrays(members);
  std::map<UdiText, std::string> found;
  for (const auto& row :
       transaction.exec_params(kFindRedemptions, token.smart_account_id, token.id, arrays.pids, arrays.sns)) {
    found[{row[0].as<std::string>(), row[1].as<std::string>()}] = row[2].as<std::string>();
  }
  return found;
}

std::vector<int64_t> ForgetRedemptions(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                       const UdiText& udi) {
  std::vector<int64_t> id_tokens;
  for (const auto& row :
       transaction.exec_params(kForgetRedemptions, smart_account_id, udi.product_id, udi.serial_number)) {
    id_tokens.push_back(row[0].as<int64_t>());
  }
  return id_tokens;
}

std::optional<UdiText> EnrolledElsewhere(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                         const std::vector<RedeemingMember>& members) {
  const MemberArrays arrays(members);
  const pqxx::result rows =
      transaction.exec_params(kFindElsewhere, smart_account_id, arrays.pids, arrays.sns);
  if (rows.empty()) return std::nullopt;
  return UdiText{rows[0][0].as<std::string>(), rows[0][1].as<std::string>()};
}

void InsertRedemptions(pqxx::transaction_base& transaction, const IdToken& token,
                       const std::vector<RedeemingMember>& members, absl::Time now) {
  if (members.empty()) return;
  const MemberArrays arrays(members);
  transaction.exec_params(kInsertRedemptions, token.smart_account_id, token.id, arrays.pids, arrays.sns,
                          arrays.key_ids, TimeText(now));
  transaction.exec_params(kCountUses, token.smart_account_id, token.id, static_cast<int>(members.size()));
}

void PlaceInventory(pqxx::transaction_base& transaction, const IdToken& token,
                    const std::vector<RedeemingMember>& members, absl::Time now) {
  const MemberArrays arrays(members);
  const auto run = [&](const char* sql) {
    return transaction.exec_params(sql, token.smart_account_id, token.virtual_account_id, arrays.pids,
                                   arrays.sns);
  };
  if (run(kFindInventory).empty()) return;
  // In the order of locks: an authorization that is being asked for is seen.
  LockRights(transaction, token.smart_account_id);
  LockInstances(transaction, now);
  run(kPlaceInventory);
}

}  // namespace quartermaster::ledger
