#include "services/gateway/storage/api_client_store.h"

#include "absl/strings/str_join.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::gateway {
namespace {

ApiClient FromRow(const pqxx::row& row) {
  return {.client_id = row["client_id"].as<std::string>(),
          .role = row["role"].as<std::string>(),
          .smart_account = row["smart_account"].as<std::string>(),
          .secret_hash = row["secret_hash"].as<std::string>(),
          .revoked = row["revoked"].as<bool>()};
}

std::string ToTimestamp(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

constexpr char kFind[] = R"sql(
SELECT client_id, role, smart_account, secret_hash, revoked_at IS NOT NULL AS revoked
FROM api_clients WHERE client_id = ANY ($1::text[]))sql";

std::vector<ApiClient> FindIn(pqxx::transaction_base& transaction,
                              const std::vector<std::string>& client_ids) {
  // Ids hold letters, digits, '-' and '_' only (domain/bearer_token.h), so they need no quotes in
  // an array's text form.
  const std::string ids = "{" + absl::StrJoin(client_ids, ",") + "}";
  std::vector<ApiClient> clients;
  for (const pqxx::row& row : transaction.exec_params(kFind, ids)) {
    clients.push_back(FromRow(row));
  }
  return clients;
}

constexpr char kInsert[] = R"sql(
INSERT INTO api_clients (client_id, role, smart_account, secret_hash, created_at)
VALUES ($1, $2, $3, $4, $5::timestamptz) ON CONFLICT (client_id) DO NOTHING)sql";

constexpr char kInsertAudit[] = R"sql(
INSERT INTO gateway_audit (recorded_at, actor, request_id, method, after)
VALUES ($1::timestamptz, 'service:gateway', '', 'add_api_client',
        jsonb_build_object('client_id', $2::text, 'role', $3::text)))sql";

constexpr char kReplaceSecret[] = R"sql(
UPDATE api_clients SET secret_hash = $3, revoked_at = NULL
WHERE client_id = $1 AND secret_hash = $2)sql";

constexpr char kReplaceSecretAudit[] = R"sql(
INSERT INTO gateway_audit (recorded_at, actor, request_id, method, before, after)
VALUES ($1::timestamptz, 'service:gateway', '', 'replace_api_client_secret',
        jsonb_build_object('client_id', $2::text, 'revoked', $3::boolean),
        jsonb_build_object('client_id', $2::text, 'revoked', false)))sql";

}  // namespace

absl::StatusOr<std::vector<ApiClient>> ApiClientStore::Find(const std::vector<std::string>& client_ids) {
  return pool_.Read("gateway_find_api_clients",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<ApiClient>> {
                      return FindIn(transaction, client_ids);
                    });
}

absl::StatusOr<ApiClient> ApiClientStore::AddIfAbsent(const ApiClient& client, absl::Time now) {
  return pool_.Transact(
      "gateway_add_api_client", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<ApiClient> {
        const auto added =
            transaction.exec_params(kInsert, client.client_id, client.role, client.smart_account,
                                    client.secret_hash, ToTimestamp(now));
        if (added.affected_rows() > 0) {
          transaction.exec_params(kInsertAudit, ToTimestamp(now), client.client_id, client.role);
        }
        std::vector<ApiClient> found = FindIn(transaction, {client.client_id});
        if (found.empty()) return absl::InternalError("api_clients: the row just added is not there");
        return std::move(found.front());
      });
}

absl::StatusOr<bool> ApiClientStore::ReplaceSecret(const ApiClient& stands, const std::string& secret_hash,
                                                   absl::Time now) {
  return pool_.Transact(
      "gateway_replace_api_client_secret", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<bool> {
        const auto replaced =
            transaction.exec_params(kReplaceSecret, stands.client_id, stands.secret_hash, secret_hash);
        if (replaced.affected_rows() == 0) return false;
        transaction.exec_params(kReplaceSecretAudit, ToTimestamp(now), stands.client_id, stands.revoked);
        return true;
      });
}

}  // namespace quartermaster::gateway
